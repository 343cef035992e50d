"""How does TensorFlow.js enlarge pictures? From the corners of pixels, where Keras goes by their middles."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from fanlight.importers.tensorflow.rules.images import between_two
from fanlight.ir.graph import Value
from fanlight.layers.context import Context
from fanlight.layers.framing import UpSampling2D
from fanlight.layers.registered import BUILT_IN


@dataclass(eq=False, repr=False)
class CornerUpSampling2D(UpSampling2D):
    """UpSampling2D as TensorFlow.js interpolates."""

    places: ClassVar[Mapping[str, bool]] = {"align_corners": False, "half_pixel_centers": False}

    def call(self, context: Context, *values: Value) -> Value:
        (x,) = values
        for axis, factor in ((2, self.size[1]), (1, self.size[0])):
            x = between_two(self.places, x, axis, x.shape[axis] * factor)
        return x


BUILT_IN["CornerUpSampling2D"] = CornerUpSampling2D
