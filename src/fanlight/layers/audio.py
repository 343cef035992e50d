"""Which layers make pictures of sound? MelSpectrogram: how loud each pitch is from moment to moment."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from fanlight.ir.graph import Value
from fanlight.layers.base import Layer
from fanlight.layers.context import Context
from fanlight.ops import functions as fn

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
