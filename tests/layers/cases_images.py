"""Random configurations of the layers that change images. Those that draw get intervals of one number: then Keras's
layer, which draws other bits, does the same in training."""

import hypothesis.strategies as st
import numpy as np

from layers.layer_test import Case, arrays, integers

SIZES = st.sampled_from([(1, 1), (4, 4), (5, 7), (6, 3)])
CHANNELS = st.sampled_from([1, 3])
FORMAT = st.sampled_from(["channels_last", "channels_first"])
PART = st.floats(0.05, 0.95).map(lambda x: round(x, 3))


@st.composite
def images(draw, data_format="channels_last", channels=CHANNELS, high=255.0):
    shape = (2, *draw(SIZES), draw(channels))
    x = draw(st.one_of(arrays(*shape, low=0, high=high), integers(*shape, below=256).map(lambda x: x.astype("uint8"))))
    if x.dtype == "uint8" and high != 255:
        x = (x / 255 * high).astype("float32")
    return x if data_format == "channels_last" else np.ascontiguousarray(x.transpose(0, 3, 1, 2))


@st.composite
def resizing(draw):
    cut = draw(st.sampled_from([{}, {"crop_to_aspect_ratio": True}, {"pad_to_aspect_ratio": True, "fill_value": 7.0}]))
    how, data_format = draw(st.sampled_from(["nearest", "bilinear", "bicubic", "lanczos3"])), draw(FORMAT)
    config = dict(height=draw(st.integers(1, 7)), width=draw(st.integers(1, 7)), interpolation=how, **cut)
    config |= dict(data_format=data_format, antialias=draw(st.booleans()))
    x = draw(images(data_format))
    return Case("Resizing", config, (x,), steps=1)


@st.composite
def center_crop(draw):
    data_format = draw(FORMAT)
    config = dict(height=draw(st.integers(1, 7)), width=draw(st.integers(1, 7)), data_format=data_format)
    return Case("CenterCrop", config, (draw(images(data_format)),))


def varied(kind, config, data_format=True, **options):
    """Cases of a layer whose `config` is a dict of strategies; with a value range, where it is among them."""

    @st.composite
    def case(draw):
        chosen = {name: draw(each) for name, each in config.items()} | {"seed": 3}
        form = draw(FORMAT) if data_format else "channels_last"
        if data_format:
            chosen["data_format"] = form
        high = 255.0
        if "value_range" not in config and kind not in PLAIN and draw(st.booleans()):
            chosen["value_range"] = (0, 1)
            high = 1.0
        x = draw(images(form, high=high, **options))
        if kind in NO_BYTES:
            x = x.astype("float32")
        return Case(kind, chosen, (x,), training=True, gradients=False)

    return case()


def one(strategy):
    """An interval of one number."""
    return strategy.map(lambda x: (x, x))


PLAIN = {"RandomRotation", "RandomZoom", "RandomTranslation", "RandomShear", "RandomFlip", "RandomGrayscale"}
# Keras's layers forget here that images may be bytes.
NO_BYTES = {"RandomBrightness", "RandomContrast", "RandomSaturation", "RandomGrayscale"}
AFFINE = dict(
    fill_mode=st.sampled_from(["reflect", "wrap", "constant", "nearest"]),
    interpolation=st.sampled_from(["bilinear", "nearest"]),
    fill_value=st.sampled_from([0.0, 30.0]),
)
SIGNED = st.tuples(PART, st.sampled_from([1, -1])).map(lambda pair: pair[0] * pair[1])
BLUR = {"sigma": one(PART), "kernel_size": st.sampled_from([3, (3, 5)]), "factor": st.just((1, 1))}
COLOURED = dict(channels=st.just(3))

CASES = {
    "Resizing": resizing(),
    "CenterCrop": center_crop(),
    "RandomRotation": varied("RandomRotation", AFFINE | {"factor": one(SIGNED)}),
    "RandomZoom": varied("RandomZoom", AFFINE | {"height_factor": one(SIGNED), "width_factor": one(SIGNED)}),
    "RandomTranslation": varied(
        "RandomTranslation", AFFINE | {"height_factor": one(SIGNED), "width_factor": one(SIGNED)}
    ),
    "RandomContrast": varied("RandomContrast", {"factor": PART.map(lambda x: (-x, x))}, data_format=False),
    "RandomBrightness": varied("RandomBrightness", {"factor": one(SIGNED)}, data_format=False),
    "RandomSaturation": varied("RandomSaturation", {"factor": one(PART)}, **COLOURED),
    "RandomInvert": varied("RandomInvert", {"factor": st.sampled_from([(0, 0), (1, 1)])}),
    "RandomPosterization": varied("RandomPosterization", {"factor": one(st.integers(1, 8))}),
    "RandomColorDegeneration": varied("RandomColorDegeneration", {"factor": one(PART)}, **COLOURED),
    "RandomSharpness": varied("RandomSharpness", {"factor": one(PART)}),
    "RandomGaussianBlur": varied(
        "RandomGaussianBlur",
        {"sigma": one(PART), "kernel_size": st.sampled_from([3, (3, 5)]), "factor": st.just((1, 1))},
    ),
}
