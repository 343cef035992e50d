"""Where does each pixel of a warped image come from? Affine, perspective and elastic transforms."""

from __future__ import annotations

from collections.abc import Sequence

from fanlight.errors import ShapeError
from fanlight.ir.graph import Value
from fanlight.ops.convolution import from_channels_last, to_channels_last
from fanlight.ops.filtering import gaussian_blur
from fanlight.ops.pointwise import add, cast, divide, multiply, subtract
from fanlight.ops.promote import Operand, as_value
from fanlight.ops.random import random_normal, random_split
from fanlight.ops.sampling import interpolated
from fanlight.ops.shapes import broadcast_to, expand_dims, iota, reshape, slice, squeeze

ORDERS = {"nearest": 0, "bilinear": 1}


def affine_transform(
    images: Operand,
    transform: Operand,
    interpolation: str = "bilinear",
    fill_mode: str = "constant",
    fill_value: Operand = 0,
    data_format: str | None = None,
) -> Value:
    """Images [n, h, w, c], or one; output pixel (x, y) is the input at (a0 x + a1 y + a2, b0 x + b1 y + b2).

    `transform` is [n, 8], or [8] for one image: a0, a1, a2, b0, b1, b2, and two numbers that are not used. `fill_mode`
    is as in `map_coordinates`.

    Differs: in Keras on JAX the last two numbers move a channel by its number.
    """
    x, is_one = _images("affine_transform", images, data_format)
    numbers = cast(transform, "float32")
    numbers = expand_dims(numbers, 0) if numbers.rank == 1 else numbers
    if numbers.rank != 2 or numbers.shape[1] != 8 or numbers.shape[0] not in (1, x.shape[0]):
        raise ShapeError("affine_transform", expected="a transform [n, 8]", got=numbers.type)
    rows, columns = _grid(x)
    a0, a1, a2, b0, b1, b2 = (_number(numbers, k) for k in range(6))
    down = add(add(multiply(columns, b0), multiply(rows, b1)), b2)
    right = add(add(multiply(columns, a0), multiply(rows, a1)), a2)
    return _warped(x, down, right, interpolation, fill_mode, fill_value, data_format, is_one)


def _images(name: str, images: Operand, data_format: str | None) -> tuple[Value, bool]:
    """A batch of images, channels-last, and whether there was but one."""
    value = as_value(images)
    if value.rank not in (3, 4):
        raise ShapeError(name, expected="images [n, h, w, c], or one", got=value.type)
    is_one = value.rank == 3
    return to_channels_last(expand_dims(value, 0) if is_one else value, data_format), is_one


def _grid(x: Value) -> tuple[Value, Value]:
    """The rows and columns of all pixels, [1, h, w]."""
    shape = (1, *x.shape[1:3])
    return iota(shape, 1, "float32"), iota(shape, 2, "float32")


def _number(numbers: Value, k: int) -> Value:
    """Number k of each image, [n, 1, 1]."""
    return reshape(slice(numbers, (0, k), (numbers.shape[0], 1)), (numbers.shape[0], 1, 1))


def _warped(
    x: Value,
    down: Value,
    right: Value,
    interpolation: str,
    fill_mode: str,
    fill_value: Operand,
    data_format: str | None,
    is_one: bool,
) -> Value:
    if interpolation not in ORDERS:
        raise ShapeError("a transform", expected="nearest or bilinear", got=repr(interpolation), at="interpolation")
    places = [broadcast_to(each, x.shape[:3]) for each in (down, right)]
    found = interpolated(x, places, 1, ORDERS[interpolation], fill_mode, fill_value)
    found = from_channels_last(found, data_format)
    return squeeze(found, 0) if is_one else found


def perspective_transform(
    images: Operand,
    start_points: Operand,
    end_points: Operand,
    interpolation: str = "bilinear",
    fill_value: Operand = 0,
    data_format: str | None = None,
) -> Value:
    """Images [n, h, w, c], or one, whose four `start_points` [n, 4, 2] (x, y) come to lie at `end_points`."""
    x, is_one = _images("perspective_transform", images, data_format)
    starts, ends = cast(start_points, "float32"), cast(end_points, "float32")
    starts = expand_dims(starts, 0) if starts.rank == 2 else starts
    ends = expand_dims(ends, 0) if ends.rank == 2 else ends
    if starts.shape != ends.shape or starts.rank != 3 or starts.shape[1:] != (4, 2):
        got = f"{starts.type} and {ends.type}"
        raise ShapeError("perspective_transform", expected="two arrays of points [n, 4, 2]", got=got)
    matrix = _product(_basis(starts), _adjugate(_basis(ends)))
    rows, columns = _grid(x)
    across, along, scale = (add(add(multiply(columns, a), multiply(rows, b)), c) for a, b, c in matrix)
    return _warped(
        x, divide(along, scale), divide(across, scale), interpolation, "constant", fill_value, data_format, is_one
    )


Matrix = Sequence[Sequence[Value]]  # three rows of three numbers [n, 1, 1]


def _basis(points: Value) -> Matrix:
    """The projective map that takes the unit vectors, and (1, 1, 1), to four points (P. Heckbert, 1989)."""
    n = points.shape[0]
    at = [[reshape(slice(points, (0, k, j), (n, 1, 1)), (n, 1, 1)) for j in range(2)] for k in range(4)]
    (x0, y0), (x1, y1), (x2, y2), (x3, y3) = at
    # The last point as a sum of the first three: areas of triangles, by Cramer's rule.
    weights = (_area(x3, y3, x1, y1, x2, y2), _area(x0, y0, x3, y3, x2, y2), _area(x0, y0, x1, y1, x3, y3))
    return [
        [multiply(x, weight) for x, weight in zip((x0, x1, x2), weights, strict=True)],
        [multiply(y, weight) for y, weight in zip((y0, y1, y2), weights, strict=True)],
        weights,
    ]


def _area(x0: Value, y0: Value, x1: Value, y1: Value, x2: Value, y2: Value) -> Value:
    """Twice the signed area of a triangle."""
    first = multiply(subtract(x1, x0), subtract(y2, y0))
    return subtract(first, multiply(subtract(x2, x0), subtract(y1, y0)))


def _adjugate(m: Matrix) -> Matrix:
    """The inverse, up to a factor."""
    (a, b, c), (d, e, f), (g, h, i) = m

    def minor(p: Value, q: Value, r: Value, s: Value) -> Value:
        return subtract(multiply(p, s), multiply(q, r))

    return [
        [minor(e, f, h, i), minor(c, b, i, h), minor(b, c, e, f)],
        [minor(f, d, i, g), minor(a, c, g, i), minor(c, a, f, d)],
        [minor(d, e, g, h), minor(b, a, h, g), minor(a, b, d, e)],
    ]


def _product(a: Matrix, b: Matrix) -> Matrix:
    def entry(j: int, k: int) -> Value:
        return add(add(multiply(a[j][0], b[0][k]), multiply(a[j][1], b[1][k])), multiply(a[j][2], b[2][k]))

    return [[entry(j, k) for k in range(3)] for j in range(3)]


def elastic_transform(
    images: Operand,
    alpha: float = 20.0,
    sigma: float = 5.0,
    interpolation: str = "bilinear",
    fill_mode: str = "reflect",
    fill_value: Operand = 0.0,
    seed: Value | None = None,
    data_format: str | None = None,
) -> Value:
    """Images [n, h, w, c], or one, whose pixels move by `alpha` times smooth noise (P. Simard et al., 2003).

    The noise is normal of deviation `sigma`, blurred by a Gaussian of that width. `seed` is a random key. Differs: rows
    and columns move independently; in Keras on JAX both move alike.
    """
    if not isinstance(seed, Value):
        raise ShapeError("elastic_transform", expected="a random key u32[2] as seed", got=seed)
    x, is_one = _images("elastic_transform", images, data_format)
    down, right = elastic_places(x, seed, alpha, sigma, int(6 * sigma) | 1)
    return _warped(x, down, right, interpolation, fill_mode, fill_value, data_format, is_one)


def elastic_places(x: Value, key: Value, alpha: Operand, sigma: Operand, size: int) -> tuple[Value, Value]:
    """Where the pixels of images [n, h, w, c] come from: rows and columns, for a Gaussian of so many neighbours."""
    keys = random_split(key, 2)
    moved: list[Value] = []
    for k, place in enumerate(_grid(x)):
        noise = random_normal(squeeze(slice(keys, (k, 0), (1, 2)), 0), (*x.shape[:3], 1))
        smooth = gaussian_blur(multiply(noise, sigma), (size, size), sigma)
        moved.append(add(place, multiply(squeeze(smooth, -1), alpha)))
    return moved[0], moved[1]


def warped(
    x: Value, down: Value, right: Value, interpolation: str, fill_mode: str = "constant", fill_value: Operand = 0
) -> Value:
    """Images [n, h, w, c] at these rows and columns [n or 1, h, w]."""
    return _warped(x, down, right, interpolation, fill_mode, fill_value, None, False)
