"""Which layers mix the images of a batch while a network learns? Whole ones, or a rectangle of another.

They change images alone: what the mixed ones should be called is for the loss to know.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from fanlight.ir.graph import Value
from fanlight.layers.images import Drawn, Draws, RandomImageLayer, per_image
from fanlight.layers.random_texture import rectangle
from fanlight.ops import functions as fn


@dataclass(eq=False, repr=False)
class MixUp(RandomImageLayer):
    """In training, each image w times and another of the batch 1 - w times, with w from Beta(alpha, alpha)."""

    alpha: float = 0.2
    data_format: str | None = None
    seed: int | None = None

    def check(self) -> None:
        super().check()
        if not self.alpha > 0:
            raise self.error("a positive alpha", self.alpha)

    def draw(self, x: Value, draws: Draws) -> Drawn:
        weight = fn.random_beta(draws.key(), (x.shape[0],), float(self.alpha), float(self.alpha))
        return {"mix_weight": weight, "permutation_order": fn.random_shuffle(draws.key(), fn.arange(x.shape[0]))}

    def transform(self, x: Value, drawn: Drawn) -> Value:
        weight = per_image(drawn["mix_weight"])
        return weight * x + (1 - weight) * fn.take(x, drawn["permutation_order"], axis=0)


@dataclass(eq=False, repr=False)
class CutMix(RandomImageLayer):
    """In training, a rectangle of each image from another one of the batch: a part 1 - w of the area, with w from
    Beta(a, a) and a from `factor`, one for the batch."""

    factor: Any = 1.0
    seed: int | None = None
    data_format: str | None = None
    intervals: ClassVar = {"factor": (0, 1)}

    def draw(self, x: Value, draws: Draws) -> Drawn:
        alpha = fn.random_uniform(draws.key(), (), *map(float, self.factor)) + 1e-6
        side = fn.sqrt(1 - fn.random_beta(draws.key(), (x.shape[0],), alpha, alpha))
        order = fn.random_shuffle(draws.key(), fn.arange(x.shape[0]))
        return {"permutation_order": order, "batch_masks": rectangle(x, draws, side, side)}

    def transform(self, x: Value, drawn: Drawn) -> Value:
        return fn.where(drawn["batch_masks"], fn.take(x, drawn["permutation_order"], axis=0), x)
