"""Resizing, warping, filtering, colours, frames and patches of images, against keras.ops.image."""

import numpy as np

from ops.keras_cases import call, case, integers, normal, uniform

X, ONE = normal(2, 7, 6, 3), normal(5, 6, 2)
COLORS = uniform(0.05, 0.95, 2, 4, 3, 3)
FIRST, LAST = {"data_format": "channels_first"}, {"data_format": "channels_last"}
# Positions between elements, inside and outside, none near a whole number.
PLACES = np.stack([uniform(-3, 8, 3, 4), uniform(-3, 9, 3, 4)])
TURN = np.float32([[0.9, 0.2, -0.41, -0.3, 1.1, 0.7], [1.2, -0.1, 0.3, 0.15, 0.8, -1.6]])
START = np.float32([[[0.1, 0.2], [5.1, 0.3], [0.2, 6.1], [4.9, 5.8]], [[1, 0], [5, 1], [0, 5], [5, 6]]])
END = START + uniform(-0.7, 0.7, 2, 4, 2)
MODES = ("constant", "nearest", "wrap", "mirror", "reflect")


def affine(ops, x, turn, *args, **options):
    """The last two numbers are not used; in Keras on JAX they move a channel by its number."""
    turn = ops.concatenate([turn, ops.zeros((*turn.shape[:-1], 2))], axis=-1)
    return ops.image.affine_transform(x, turn, *args, **options)


def translated(ops, x, scale, translation, *args, **options):
    return ops.image.scale_and_translate(x, (2, 5, 8, 3), scale, translation, *args, **options)


CASES = {
    "image.resize": [
        case(X, (5, 9)),
        case(X, (4, 3), antialias=True),
        *(case(X, (5, 9), method) for method in ("nearest", "bicubic", "lanczos3", "lanczos5")),
        *(case(X, (14, 4), method) for method in ("nearest", "bicubic", "lanczos3", "lanczos5")),
        *(case(X, (4, 3), method, antialias=True) for method in ("bicubic", "lanczos3", "lanczos5")),
        case(ONE, (8, 3)),
        case(normal(2, 3, 5, 6), (3, 9), **FIRST),
        case(X, (4, 8), crop_to_aspect_ratio=True),
        case(X, (8, 4), crop_to_aspect_ratio=True),
        case(X, (4, 8), pad_to_aspect_ratio=True, fill_value=0.5),
        case(X, (8, 4), "nearest", pad_to_aspect_ratio=True),
        case(integers(0, 256, 1, 4, 4, 1, dtype="uint8"), (6, 3), "nearest"),
        case(integers(0, 256, 1, 4, 4, 1, dtype="uint8"), (6, 3)),
    ],
    "image.scale_and_translate": [
        call(translated, X, np.float32([0.7, 1.6]), np.float32([0.4, -0.8]), (1, 2), "linear"),
        *(
            call(translated, X, np.float32([0.7, 1.6]), np.float32([0.4, -0.8]), (1, 2), method, antialias=antialias)
            for method in ("bicubic", "lanczos3", "lanczos5")
            for antialias in (True, False)
        ),
    ],
    "image.map_coordinates": [
        case(normal(6, 7), PLACES, 1),
        *(case(normal(6, 7), PLACES, order, mode, 0.5) for order in (0, 1) for mode in MODES),
        case(normal(2, 3, 4), uniform(-1, 4, 3, 5), 1, "nearest"),
        case(integers(0, 9, 6, 7), PLACES, 1, "reflect"),
    ],
    "image.affine_transform": [
        call(affine, X, TURN),
        *(call(affine, X, TURN, "bilinear", mode, 0.5) for mode in MODES),
        call(affine, X, TURN, "nearest", "nearest"),
        call(affine, ONE, TURN[0]),
        call(affine, normal(2, 3, 5, 6), TURN, **FIRST),
    ],
    "image.perspective_transform": [
        case(X, START, END, rtol=1e-4, atol=1e-5),
        case(ONE, START[0], END[0], fill_value=0.5, rtol=1e-4, atol=1e-5),
        case(normal(2, 3, 7, 6), START, END, "nearest", **FIRST, rtol=1e-4, atol=1e-5),
    ],
    "image.gaussian_blur": [
        case(X, (3, 5), (1.0, 2.0), **LAST),
        case(X, (4, 3), np.float32([0.7, 1.3]), **LAST),
        case(ONE, **LAST),
        case(normal(2, 3, 5, 6), **FIRST),
    ],
    "image.sobel_edges": [case(X, **LAST), case(normal(2, 3, 5, 6), **FIRST)],
    "image.ssim": [
        case(uniform(0, 1, 2, 13, 12, 3), uniform(0, 1, 2, 13, 12, 3), rtol=1e-4, atol=1e-5),
        case(uniform(0, 1, 7, 6, 1), uniform(0, 1, 7, 6, 1), 2.0, 5, 1.0, rtol=1e-4, atol=1e-5),
        case(uniform(0, 1, 1, 2, 7, 6), uniform(0, 1, 1, 2, 7, 6), filter_size=3, **FIRST, rtol=1e-4, atol=1e-5),
    ],
    "image.rgb_to_grayscale": [
        case(COLORS),
        case(normal(2, 3, 4, 5), **FIRST),
        case(normal(2, 3, 1)),
        case(integers(0, 256, 4, 5, 3, dtype="uint8")),
    ],
    "image.rgb_to_hsv": [case(COLORS), case(uniform(0.05, 0.95, 3, 4, 5), **FIRST)],
    "image.hsv_to_rgb": [case(COLORS), case(uniform(0.05, 0.95, 1, 3, 4, 5), **FIRST)],
    "image.pad_images": [
        case(X, 1, 2, target_height=9, target_width=11),
        case(ONE, top_padding=1, bottom_padding=0, left_padding=2, right_padding=1),
        case(normal(1, 3, 4, 5), 1, 2, 0, 1, **FIRST),
    ],
    "image.crop_images": [
        case(X, 1, 2, target_height=4, target_width=3),
        case(ONE, bottom_cropping=1, right_cropping=2, target_height=3, target_width=3),
        case(normal(1, 3, 4, 5), 1, 2, 0, 1, **FIRST),
    ],
    "image.extract_patches": [
        case(X, (3, 2)),
        case(X, 3, 2, padding="same"),
        case(X, 2, 1, dilation_rate=2),
        case(ONE, 2, 1),
        case(normal(1, 2, 5, 6), (2, 3), 2, **FIRST),
        case(normal(1, 4, 5, 4, 2), (2, 3, 2), padding="same"),
    ],
    "image.extract_patches_3d": [case(normal(1, 4, 5, 4, 2), 2), case(normal(4, 5, 4, 1), (2, 3, 1), 1)],
}  # fmt: skip
