"""What does an image look like through a small window? Blur, edges, and how alike two images are."""

from __future__ import annotations

from collections.abc import Sequence

from fanlight.errors import ShapeError
from fanlight.ir.graph import Value
from fanlight.ops.borders import pad
from fanlight.ops.convolution import Padding, depthwise_conv, from_channels_last, to_channels_last
from fanlight.ops.pointwise import add, cast, divide, exp, multiply, square, subtract
from fanlight.ops.promote import Operand
from fanlight.ops.reductions import mean, sum
from fanlight.ops.shapes import arange, broadcast_to, expand_dims, reshape, slice, squeeze, stack


def gaussian_blur(
    images: Operand,
    kernel_size: Sequence[int] = (3, 3),
    sigma: Operand | Sequence[float] = (1.0, 1.0),
    data_format: str | None = None,
) -> Value:
    """Images [n, h, w, c], or one, smoothed by a Gaussian of `kernel_size` pixels and deviation `sigma` (across, down).

    Outside the image is 0.
    """
    x, is_one = _batch("gaussian_blur", images, data_format)
    wide, tall = (_deviation(sigma, k) for k in range(2))
    x = _blurred(x, 1, _gaussian(kernel_size[1], tall), "same")
    x = _blurred(x, 2, _gaussian(kernel_size[0], wide), "same")
    return _unbatched(x, is_one, data_format)


def _batch(name: str, images: Operand, data_format: str | None) -> tuple[Value, bool]:
    """A batch of images as float32, channels-last, and whether there was but one."""
    value = cast(images, "float32")
    if value.rank not in (3, 4):
        raise ShapeError(name, expected="images [n, h, w, c], or one", got=value.type)
    is_one = value.rank == 3
    return to_channels_last(expand_dims(value, 0) if is_one else value, data_format), is_one


def _unbatched(x: Value, is_one: bool, data_format: str | None) -> Value:
    found = from_channels_last(x, data_format)
    return squeeze(found, 0) if is_one else found


def _deviation(sigma: Operand | Sequence[float], k: int) -> Operand:
    if isinstance(sigma, Value):
        return sigma if sigma.rank == 0 else squeeze(slice(sigma, (k,), (1,)), 0)
    return sigma[k] if isinstance(sigma, Sequence) else sigma


def _gaussian(size: int, sigma: Operand) -> Value:
    """The weights of so many neighbours; they sum to 1."""
    place = subtract(cast(arange(size), "float32"), (size - 1) / 2)
    weights = exp(multiply(square(divide(place, sigma)), -0.5))
    return divide(weights, sum(weights))


def _blurred(x: Value, axis: int, weights: Value, padding: Padding) -> Value:
    """Each channel convolved along one axis."""
    channels = x.shape[-1]
    shape = (weights.shape[0], 1) if axis == 1 else (1, weights.shape[0])
    kernel = broadcast_to(reshape(weights, (*shape, 1, 1)), (*shape, channels, 1))
    return depthwise_conv(x, kernel, 1, padding)


def sobel_edges(images: Operand, data_format: str | None = None) -> Value:
    """How fast images [n, h, w, c] change, downwards and to the right: [n, h, w, c, 2] (Sobel and Feldman, 1968)."""
    x = to_channels_last(cast(images, "float32"), data_format)
    if x.rank != 4:
        raise ShapeError("sobel_edges", expected="images [n, h, w, c]", got=x.type)
    wide = pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)))
    down = _smoothed(_difference(wide, 1), 2)
    right = _smoothed(_difference(wide, 2), 1)
    return stack([from_channels_last(each, data_format) for each in (down, right)], -1)


def _part(x: Value, axis: int, start: int) -> Value:
    """All but two elements along an axis, from `start` on."""
    size = tuple(n - 2 if k == axis else n for k, n in enumerate(x.shape))
    return slice(x, tuple(start if k == axis else 0 for k in range(x.rank)), size)


def _difference(x: Value, axis: int) -> Value:
    return subtract(_part(x, axis, 2), _part(x, axis, 0))


def _smoothed(x: Value, axis: int) -> Value:
    return add(add(_part(x, axis, 0), multiply(_part(x, axis, 1), 2.0)), _part(x, axis, 2))


def ssim(
    image1: Operand,
    image2: Operand,
    max_val: float = 1.0,
    filter_size: int = 11,
    filter_sigma: float = 1.5,
    k1: float = 0.01,
    k2: float = 0.03,
    data_format: str | None = None,
) -> Value:
    """The structural similarity of images [n, h, w, c], or of two: 1 where they are equal (Z. Wang et al., 2004)."""
    (x, is_one), (y, _) = (_batch("ssim", each, data_format) for each in (image1, image2))
    if x.shape != y.shape:
        raise ShapeError("ssim", expected=f"two images {x.type}", got=y.type)
    weights = _gaussian(filter_size, filter_sigma)

    def local(z: Value) -> Value:
        """The mean around each pixel."""
        return _blurred(_blurred(z, 1, weights, "valid"), 2, weights, "valid")

    low, high = (k1 * max_val) ** 2, (k2 * max_val) ** 2
    mean_x, mean_y = local(x), local(y)
    both = multiply(mean_x, mean_y)
    squares = square(mean_x), square(mean_y)
    spread_x, spread_y = (subtract(local(square(z)), each) for z, each in zip((x, y), squares, strict=True))
    shared = subtract(local(multiply(x, y)), both)
    upper = multiply(add(multiply(both, 2.0), low), add(multiply(shared, 2.0), high))
    lower = multiply(add(add(*squares), low), add(add(spread_x, spread_y), high))
    found = mean(divide(upper, lower), (1, 2, 3))
    return squeeze(found, 0) if is_one else found
