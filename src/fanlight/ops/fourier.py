"""Which frequencies does a signal have? Fourier transforms of any length; a complex array is a pair (real, imaginary).

A short transform is a product with a table of roots of unity. A long one is split: length n1 * n2 becomes transforms of
length n1, multiplications with roots, and transforms of length n2 (Cooley and Tukey, 1965); a long prime one becomes a
convolution (Bluestein, 1970). Inside, an array is [rows, parts, length], with one part (real) or two.
"""

from __future__ import annotations

import math

from fanlight.errors import ShapeError
from fanlight.ir import dim as dims
from fanlight.ir.dim import DimLike
from fanlight.ir.graph import Value, apply
from fanlight.ops.borders import pad
from fanlight.ops.contraction import Einsum
from fanlight.ops.pointwise import add, cast, cos, multiply, negative, sin, subtract
from fanlight.ops.promote import Operand, broadcast
from fanlight.ops.roots import LARGEST, Roots
from fanlight.ops.shapes import (
    arange,
    concatenate,
    expand_dims,
    flip,
    reshape,
    slice,
    squeeze,
    stack,
    swapaxes,
    transpose,
)

__all__ = ["fft", "fft2", "ifft2", "irfft", "polar", "rfft"]

Complex = tuple[Operand, Operand]
Pair = tuple[Value, Value]

LONGEST = 32  # of one product with a table
LONGEST_PRIME = 128  # up to it a prime length is one product too
LONGEST_CHIRP = 46340  # whose square is an int32
FORWARD, BACKWARD = -1, 1  # the sign in exp(sign * 2 pi i j k / n)


def fft(x: Complex) -> Pair:
    """sum over j of x[j] * exp(-2 pi i j k / n) along the last axis, for all k."""
    return _parts(_along_last(_joined("fft", x), FORWARD))


def fft2(x: Complex) -> Pair:
    """`fft` along the last two axes."""
    return _parts(_along_two(_joined("fft2", x), FORWARD))


def ifft2(x: Complex) -> Pair:
    """The inverse of `fft2`."""
    z = _joined("ifft2", x)
    found = _along_two(z, BACKWARD)
    count = _length("ifft2", z, -1) * _length("ifft2", z, -3)
    return _parts(multiply(found, 1.0 / count))


def rfft(x: Operand, fft_length: int | None = None) -> Pair:
    """`fft` of real numbers: the frequencies 0 .. n/2, as the others are their conjugates.

    The last axis is cut, or filled with zeros, to `fft_length`.
    """
    value = _resized(cast(x, "float32"), fft_length)
    n = _length("rfft", value, -1)
    found = _parts(_along_last(expand_dims(value, -2), FORWARD))
    kept = (*value.shape[:-1], n // 2 + 1)
    real, imaginary = (slice(part, (0,) * part.rank, kept) for part in found)
    return real, imaginary


def irfft(x: Complex, fft_length: int | None = None) -> Value:
    """The inverse of `rfft`: `fft_length` real numbers, 2 * (bins - 1) without one. The last axis is cut or filled."""
    z = _joined("irfft", x)
    bins = _length("irfft", z, -1)
    n = 2 * (bins - 1) if fft_length is None else fft_length
    if n < 1:
        raise ShapeError("irfft", expected="a length of at least 1", got=n, at=f"{bins} bins")
    z = _resized(z, n // 2 + 1)
    others = (n - 1) // 2  # the frequencies above n/2 are conjugates
    tail = flip(slice(z, (*(0,) * (z.rank - 1), 1), (*z.shape[:-1], others)), z.rank - 1)
    signs = reshape(subtract(1.0, multiply(cast(arange(2), "float32"), 2.0)), (2, 1))
    whole = concatenate([z, multiply(tail, signs)], -1)
    return multiply(squeeze(_along_last(whole, BACKWARD, 1), -2), 1.0 / n)


def polar(abs_: Operand, angle: Operand) -> Pair:
    """The complex numbers of these absolute values and angles.

    Differs: a pair (real, imaginary)."""
    radius, turn = broadcast((cast(abs_, "float32"), cast(angle, "float32")))
    return multiply(radius, cos(turn)), multiply(radius, sin(turn))


# --- complex arrays as [..., parts, length]


def _joined(name: str, x: Complex) -> Value:
    if not isinstance(x, tuple | list) or len(x) != 2:
        raise ShapeError(name, expected="a pair (real, imaginary)", got=repr(x)[:60])
    real, imaginary = (cast(part, "float32") for part in x)
    if real.shape != imaginary.shape or real.rank < 1:
        raise ShapeError(name, expected="two arrays of one shape", got=f"{real.type} and {imaginary.type}")
    return stack([real, imaginary], -2)


def _parts(z: Value) -> Pair:
    real, imaginary = (
        squeeze(slice(z, (*(0,) * (z.rank - 2), k, 0), (*z.shape[:-2], 1, z.shape[-1])), -2) for k in range(2)
    )
    return real, imaginary


def _length(name: str, z: Value, axis: int) -> int:
    n = z.shape[axis]
    if not isinstance(n, int) or not 1 <= n <= LARGEST:
        raise ShapeError(name, expected=f"an axis of known length, 1 to {LARGEST}", got=z.type)
    return n


def _resized(x: Value, length: int | None) -> Value:
    """The last axis cut, or filled with zeros, to this length."""
    n = _length("a Fourier transform", x, -1)
    if length is None or length == n:
        return x
    if length < n:
        return slice(x, (0,) * x.rank, (*x.shape[:-1], length))
    return pad(x, (*((0, 0),) * (x.rank - 1), (0, length - n)))


def _along_last(z: Value, sign: int, parts: int = 2) -> Value:
    """The transform along the last axis of [..., 1 or 2, n]: [..., parts, n]."""
    n = _length("a Fourier transform", z, -1)
    rows = reshape(z, (dims.product(z.shape[:-2]), *z.shape[-2:]))
    return reshape(_transform(rows, n, sign, parts), (*z.shape[:-2], parts, n))


def _along_two(z: Value, sign: int) -> Value:
    """The transform of [..., height, 2, width] along height and width."""
    if z.rank < 3:
        raise ShapeError("a Fourier transform of two axes", expected="at least two axes", got=z.type)
    wide = _along_last(z, sign)
    return swapaxes(_along_last(swapaxes(wide, -3, -1), sign), -3, -1)


# --- transforms of [rows, parts, n]


def _transform(z: Value, n: int, sign: int, parts: int = 2) -> Value:
    radix = _radix(n)
    if radix == n:
        return _product(z, n, sign, parts)
    if radix == 1:
        return _convolved(z, n, sign, parts)
    return _split(z, radix, n // radix, sign, parts)


def _radix(n: int) -> int:
    """By which length to begin: n itself where one product will do, 1 where n has no small factor."""
    primes = _primes(n)
    if n <= LONGEST or (primes == [n] and n <= LONGEST_PRIME):
        return n
    small = [d for d in range(2, LONGEST + 1) if n % d == 0]
    small = small or [p for p in primes if p <= LONGEST_PRIME]
    if not small:
        return 1
    rest = 1  # what a large prime factor leaves is split evenly
    for p in primes:
        rest *= p if p <= LONGEST else 1
    stages = max(1, math.ceil(math.log(rest, LONGEST) - 1e-9))
    return min(small, key=lambda d: (abs(math.log(d) - math.log(rest) / stages), d))


def _primes(n: int) -> list[int]:
    """The prime factors of n in ascending order."""
    found: list[int] = []
    p = 2
    while p * p <= n:
        while n % p == 0:
            found.append(p)
            n //= p
        p += 1
    return found + [n] * (n > 1)


def _product(z: Value, n: int, sign: int, parts: int) -> Value:
    """[rows, c, j] times the table [c, j, d, k] of roots: [rows, d, k]."""
    given = z.shape[1]
    table = transpose(_cut(_roots(n, n, n, sign), given, parts), (0, 2, 1, 3))
    found = apply(Einsum("rcj", "cjk", "rk"), z, reshape(table, (given, n, parts * n)))
    return reshape(found, (z.shape[0], parts, n))


def _split(z: Value, n1: int, n2: int, sign: int, parts: int) -> Value:
    """With j = n2 j1 + j2 and k = k1 + n1 k2: transforms over j1, roots j2 k1, transforms over j2."""
    rows, given = z.shape[:2]
    table = _cut(_roots(n1, n1, n1, sign), given, 2)
    found = apply(Einsum("rcjl", "cdjk", "rdkl"), reshape(z, (rows, given, n1, n2)), table)
    turned = _multiplied(found, _roots(n1, n2, n1 * n2, sign))
    inner = reshape(transpose(turned, (0, 2, 1, 3)), (rows * n1, 2, n2))
    inner = reshape(_transform(inner, n2, sign, parts), (rows, n1, parts, n2))
    return reshape(transpose(inner, (0, 2, 3, 1)), (rows, parts, n1 * n2))


def _convolved(z: Value, n: int, sign: int, parts: int) -> Value:
    """As 2 j k = j^2 + k^2 - (k - j)^2, a transform is a convolution with a chirp, between products with chirps."""
    if n > LONGEST_CHIRP:
        raise ShapeError("a Fourier transform", expected=f"prime factors up to {LONGEST_CHIRP}", got=n)
    length = 1 << (2 * n - 2).bit_length()
    chirp, wave = _chirp(n, sign), _chirp(n, -sign)
    real = slice(wave, (0, 0, 0), (1, 2, n))  # as numbers: what real parts add to both parts
    mirrored = flip(slice(real, (0, 0, 1), (1, 2, n - 1)), 2)
    around = concatenate([pad(real, ((0, 0), (0, 0), (0, length - 2 * n + 1))), mirrored], 2)
    z = z if z.shape[1] == 2 else pad(z, ((0, 0), (0, 1), (0, 0)))
    wide = pad(_multiplied(z, chirp), ((0, 0), (0, 0), (0, length - n)))
    filter = _matrix(_transform(around, length, FORWARD))
    found = _transform(_multiplied(_transform(wide, length, FORWARD), filter), length, BACKWARD)
    kept = slice(found, (0, 0, 0), (z.shape[0], 2, n))
    turned = multiply(_multiplied(kept, chirp), 1.0 / length)
    return slice(turned, (0, 0, 0), (z.shape[0], parts, n))


def _chirp(n: int, sign: int) -> Value:
    """exp(sign * pi i j^2 / n) as [c, d, j]: the diagonal of a table of roots, of which no more is computed."""
    flat = reshape(_roots(n, n, 2 * n, sign), (2, 2, n * n))
    return slice(flat, (0, 0, 0), (2, 2, n), (1, 1, n + 1))


# --- tables [c, d, ...]: what part c of a number adds to part d of its product with an entry


def _roots(rows: int, columns: int, n: int, sign: int) -> Value:
    """exp(sign * 2 pi i j k / n) as [c, d, j, k]; the conjugates are the transposed ones."""
    table = apply(Roots(rows, columns, n))
    return table if sign > 0 else transpose(table, (1, 0, 2, 3))


def _cut(table: Value, given: DimLike, parts: int) -> Value:
    """Without the rows of parts that are not given, and the columns of those that are not wanted."""
    return slice(table, (0, 0, 0, 0), (given, parts, *table.shape[2:]))


def _matrix(z: Value) -> Value:
    """Numbers [1, part, ...] as a table."""
    real, imaginary = (slice(z, (0, k, *(0,) * (z.rank - 2)), (1, 1, *z.shape[2:])) for k in range(2))
    rows = [concatenate([real, imaginary], 1), concatenate([negative(imaginary), real], 1)]
    return concatenate(rows, 0)


def _multiplied(z: Value, table: Value) -> Value:
    """Numbers [rows, part, ...] times the numbers of a table."""
    shape, rest = (1, 2, *table.shape[2:]), table.shape[2:]
    flat = reshape(table, (4, *rest))
    straight = slice(flat, (0, *(0,) * len(rest)), (1, *rest))
    crossed = flip(slice(flat, (1, *(0,) * len(rest)), (2, *rest)), 0)  # part 1 -> 0, part 0 -> 1
    return add(multiply(z, straight), multiply(flip(z, 1), reshape(crossed, shape)))
