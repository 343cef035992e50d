"""Which layers make pictures of sound? MelSpectrogram: how loud each pitch is from moment to moment; STFTSpectrogram:
each frequency, by kernels that training may change."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar

from fanlight.errors import UnknownNameError
from fanlight.ir.dim import known
from fanlight.ir.graph import Value
from fanlight.ir.types import Type
from fanlight.layers.base import Layer, check_channels_last, check_padding, check_rank
from fanlight.layers.context import Context
from fanlight.layers.initializers import Initializer, listed
from fanlight.ops import functions as fn
from fanlight.ops.shapes import iota

BREAK, SCALE = 700.0, 1127.0  # mel = 1127 ln(1 + hertz / 700) (D. O'Shaughnessy, Speech Communication, 1987)


@dataclass(eq=False, repr=False)
class MelSpectrogram(Layer):
    """Sound `[batch, time]` as `[batch, num_mel_bins, sequences]`, float32: sequence k is centred at time
    k * sequence_stride.

    Magnitudes of `fft_length` frequencies to the power `mag_exp`, gathered in triangles that are even in mel from
    `min_freq` to `max_freq` hertz; in decibels above `ref_power`, at most `top_db` below the loudest of the batch.
    """

    fft_length: int = 2048
    sequence_stride: int = 512
    sequence_length: int | None = None
    window: Any = "hann"
    sampling_rate: int = 16000
    num_mel_bins: int = 128
    min_freq: float = 20.0
    max_freq: float | None = None
    power_to_db: bool = True
    top_db: float = 80.0
    mag_exp: float = 2.0
    min_power: float = 1e-10
    ref_power: float = 1.0

    def check(self) -> None:
        self.sequence_length = self.sequence_length or self.fft_length
        self.max_freq = self.max_freq or int(self.sampling_rate / 2)
        if self.fft_length < self.sequence_length or min(self.num_mel_bins, self.sequence_stride) < 1:
            raise self.error("a sequence_length up to fft_length, positive bins and stride", self.attributes())

    def call(self, context: Context, *values: Value) -> Value:
        (x,) = values
        if x.rank < 2:
            raise self.error("sound of rank 2 or more (batch first)", f"rank {x.rank}", at=x.type)
        length = self.sequence_length or self.fft_length
        real, imaginary = fn.stft(x, length, self.sequence_stride, self.fft_length, self.window)
        power = fn.square(real) + fn.square(imaginary)
        if self.mag_exp != 2:
            power = fn.power(fn.sqrt(power), self.mag_exp)
        y = fn.matmul(power, self.triangles())
        if self.power_to_db:
            reference = 10 * math.log10(max(abs(self.ref_power), self.min_power))
            y = fn.log10(fn.maximum(y, self.min_power)) * 10 - reference
            y = fn.maximum(y, fn.max(y) - self.top_db)
        return fn.swapaxes(y, -1, -2)

    def triangles(self) -> Value:
        """How much each frequency counts for each mel bin: `[fft_length // 2 + 1, num_mel_bins]`; frequency 0 never."""
        hertz = fn.linspace(0.0, self.sampling_rate / 2, self.fft_length // 2 + 1)
        pitch = fn.expand_dims(fn.log(hertz / BREAK + 1) * SCALE, 1)
        low, high = (SCALE * math.log(1 + float(each or 0) / BREAK) for each in (self.min_freq, self.max_freq))
        edges = fn.linspace(low, high, self.num_mel_bins + 2)
        left, middle, right = (edges[k : k + self.num_mel_bins] for k in range(3))
        rising, falling = (pitch - left) / (middle - left), (right - pitch) / (right - middle)
        weights = fn.maximum(fn.minimum(rising, falling), 0.0)
        return fn.where(fn.expand_dims(hertz, 1) > 0, weights, 0.0)


MODES = ("log", "magnitude", "psd", "real", "imag", "angle", "stft")
SCALINGS = ("density", "spectrum", None)
EPSILON = 1e-7  # keras.config.epsilon()
# w(t) = a + b cos(t) + c cos(2t) + ..., t from -pi to pi: the numbers are SciPy's (scipy.signal.windows).
WINDOWS = {
    "boxcar": (1.0,),
    "hann": (0.5, 0.5),
    "hamming": (0.54, 0.46),
    "blackman": (0.42, 0.5, 0.08),
    "nuttall": (0.3635819, 0.4891775, 0.1365995, 0.0106411),
    "blackmanharris": (0.35875, 0.48829, 0.14128, 0.01168),
    "flattop": (0.21557895, 0.41663158, 0.277263158, 0.083578947, 0.006947368),
}


@dataclass(frozen=True, slots=True)
class Waves(Initializer):
    """cos(t) of each frequency over a frame, or -sin(t), under a window: a kernel `[frame_length, 1, frequencies]`.

    `scaling` divides by the window's length ("density") or sum ("spectrum"). A `periodic` window repeats after the
    frame, else its ends are alike.
    """

    side: str = "real"
    window: Any = "hann"
    scaling: str | None = "density"
    periodic: bool = False
    needs_key: ClassVar[bool] = False

    def __call__(self, key: Value, type: Type) -> Value:
        length, _, bins = (known(extent) for extent in type.shape)
        turn = 2 * (bins - 1)
        # The phase in whole numbers: a float of many turns has lost its fraction.
        phase = fn.mod(iota((length, 1, bins), 0) * iota((length, 1, bins), 2), turn)
        angle = fn.cast(phase, "float32") * (2 * math.pi / turn)
        waves = fn.cos(angle) if self.side == "real" else -fn.sin(angle)
        if self.window is None:
            return waves
        weights = window_of(self.window, length, self.periodic)
        if self.scaling == "density":
            weights = weights / fn.sqrt(fn.sum(fn.square(weights)))
        elif self.scaling == "spectrum":
            weights = weights / fn.sum(fn.absolute(weights, kink=0))
        return waves * fn.reshape(weights, (length, 1, 1))


def window_of(window: Any, length: int, periodic: bool) -> Value:
    """`length` weights: of a name in WINDOWS, or the numbers themselves."""
    if not isinstance(window, str):
        return listed(window, "float32")
    turn = length if periodic else length - 1
    first, *rest = WINDOWS[window]
    angle = fn.cast(iota((length,)) * 2 - turn, "float32") * (math.pi / turn)
    return sum((fn.cos(angle * k) * weight for k, weight in enumerate(rest, 1)), fn.full((length,), first))


@dataclass(eq=False, repr=False)
class STFTSpectrogram(Layer):
    """Frequencies of overlapping frames of sound: `[batch, time, channels]` to `[batch, frames, channels * bins]`, with
    `expand_dims` to `[batch, frames, bins, channels]`; bins are `fft_length // 2 + 1`.

    `mode` is "log" (of the magnitude), "magnitude", "psd" (power, both sides in one), "real", "imag", "angle", or
    "stft": real, then imaginary, twice the bins. The waves are weights, real_kernel and imag_kernel, `[frame_length,
    1, bins]`, which training changes unless `trainable=False`. `window` is a name ("hann", ...), numbers, or None.
    """

    mode: str = "log"
    frame_length: int = 256
    frame_step: int | None = None
    fft_length: int | None = None
    window: Any = "hann"
    periodic: bool = False
    scaling: str | None = "density"
    padding: str = "valid"
    expand_dims: bool = False
    data_format: str | None = None

    def check(self) -> None:
        self.data_format = check_channels_last(self, self.data_format)
        self.padding = check_padding(self, self.padding)
        for what, given, known_ones in (("mode", self.mode, MODES), ("scaling", self.scaling, SCALINGS)):
            if given not in known_ones:
                raise UnknownNameError(self.label, expected=f"{what} one of {known_ones}", got=repr(given))
        if not isinstance(self.frame_length, int) or self.frame_length < 2:
            raise self.error("a frame_length of at least 2", repr(self.frame_length))
        if not 1 <= self.step <= self.frame_length:
            raise self.error(f"a frame_step from 1 to the frame_length {self.frame_length}", self.frame_step)
        if self.turn < self.frame_length:
            raise self.error(f"an fft_length of at least the frame_length {self.frame_length}", self.fft_length)
        if isinstance(self.window, str) and self.window not in WINDOWS:
            do = f"pass its {self.frame_length} numbers"
            raise UnknownNameError(self.label, expected=f"window one of {list(WINDOWS)}", got=repr(self.window), do=do)
        if not isinstance(self.window, str) and self.window is not None and len(self.window) != self.frame_length:
            raise self.error(f"a window of {self.frame_length} numbers", f"{len(self.window)}")

    @property
    def step(self) -> int:
        """From the begin of a frame to that of the next one."""
        return self.frame_length // 2 if self.frame_step is None else self.frame_step

    @property
    def turn(self) -> int:
        """The length of the transform: by default the next power of two."""
        return self.fft_length or 1 << (self.frame_length - 1).bit_length()

    def build(self, *types: Type) -> None:
        check_rank(self, types[0], 3)
        for side, other in (("real", "imag"), ("imag", "real")):
            if self.mode != other:
                waves = Waves(side, self.window, self.scaling, self.periodic)
                self.add_weight(f"{side}_kernel", (self.frame_length, 1, self.turn // 2 + 1), waves)

    def call(self, context: Context, *values: Value) -> Value:
        (x,) = values
        check_rank(self, x.type, 3)
        if x.dtype != "float32":
            raise self.error("sound as float32", x.type)
        rows = fn.expand_dims(fn.transpose(x, (0, 2, 1)), -1)  # [batch, channels, time, 1]
        sides = [
            fn.conv(rows, fn.expand_dims(self.weight(context, name), 0), (1, self.step), self.padding)
            for name in self.weights
        ]
        y = self.combined(*sides)
        if self.expand_dims:
            return fn.transpose(y, (0, 2, 3, 1))
        y = fn.transpose(y, (0, 2, 1, 3))
        return fn.reshape(y, (*y.shape[:2], known(y.shape[2]) * known(y.shape[3])))

    def combined(self, *sides: Value) -> Value:
        """What `mode` makes of real and imaginary parts, or of the only one, `[batch, channels, frames, bins]`."""
        if self.mode in ("real", "imag"):
            return sides[0]
        real, imaginary = sides
        if self.mode == "stft":
            return fn.concatenate(sides, axis=-1)
        if self.mode == "angle":
            return fn.arctan2(imaginary, real)
        power = fn.square(real) + fn.square(imaginary)
        if self.mode == "psd":  # all but the first and the last stand for two frequencies
            return power + fn.pad(power[..., 1:-1], ((0, 0), (0, 0), (0, 0), (1, 1)))
        magnitude = fn.sqrt(fn.maximum(power, EPSILON))
        return magnitude if self.mode == "magnitude" else fn.log(fn.maximum(magnitude, EPSILON))
