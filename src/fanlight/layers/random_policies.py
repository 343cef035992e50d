"""Which layers choose among others how to vary images? RandAugment a few in a row, AugMix several chains, mixed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fanlight.ir.graph import Value
from fanlight.layers.context import Context
from fanlight.layers.histograms import AutoContrast, Equalization
from fanlight.layers.images import Draws, ImageLayer, RandomImageLayer, interval, value_range
from fanlight.layers.random_color import (
    RandomBrightness,
    RandomColorDegeneration,
    RandomContrast,
    RandomPosterization,
    Solarization,
)
from fanlight.layers.random_geometry import RandomRotation, RandomShear, RandomTranslation
from fanlight.layers.random_texture import RandomSharpness
from fanlight.ops import functions as fn

SIMPLE = ("RandomShear", "RandomTranslation", "RandomRotation", "RandomPosterization", "Solarization", "AutoContrast")
SIMPLE += ("Equalization",)
ALL = (*SIMPLE, "RandomBrightness", "RandomColorDegeneration", "RandomContrast", "RandomSharpness")


class _Policy(ImageLayer):
    """What layers share that choose among the layers of `choices()`, one for all images of a batch."""

    value_range: Any
    factor: Any
    interpolation: Any
    seed: Any

    def check(self) -> None:
        super().check()
        self.value_range = value_range(self)
        self.factor = interval(self, "factor", self.factor, 0, 1)
        coloured: dict[str, Any] = {"value_range": self.value_range}
        moved: dict[str, Any] = {"interpolation": self.interpolation}
        factor = self.factor
        self.choices: dict[str, ImageLayer] = {
            "RandomShear": RandomShear(factor, factor, **moved),
            "RandomTranslation": RandomTranslation(factor, factor, **moved),
            "RandomRotation": RandomRotation(factor, **moved),
            "RandomPosterization": RandomPosterization(max(1, int(8 * factor[1])), **coloured),
            "Solarization": Solarization(factor, factor, **coloured),
            "AutoContrast": AutoContrast(**coloured),
            "Equalization": Equalization(**coloured),
            "RandomBrightness": RandomBrightness(factor, **coloured),
            "RandomColorDegeneration": RandomColorDegeneration(factor, **coloured),
            "RandomContrast": RandomContrast(factor, **coloured),
            "RandomSharpness": RandomSharpness(factor, **coloured),
        }

    def changed(self, context: Context, x: Value) -> Value:
        return self.varied(x, context.random_key(self.seed)) if context.training else x

    def varied(self, x: Value, key: Value) -> Value:
        """The images in training."""
        raise NotImplementedError(f"{type(self).__name__} has no varied")

    def chosen(self, number: Value, names: tuple[str, ...], x: Value, key: Value) -> Value:
        """The images as the layer of that number changes them; beyond the last name as they are. Only that one runs."""
        branches = [lambda layer=self.choices[name]: changed_by(layer, x, key) for name in names]
        return fn.switch(number, [*branches, lambda: x])


def changed_by(layer: ImageLayer, x: Value, key: Value) -> Value:
    """What a layer makes of images in training, with draws from this key."""
    if isinstance(layer, RandomImageLayer):
        return layer.transform(x, layer.draw(x, Draws(key, x.shape[0])))
    return layer.changed(Context(training=True), x)


@dataclass(eq=False, repr=False)
class RandAugment(_Policy):
    """In training, `num_ops` of eleven layers one after another (E. Cubuk et al., 2020), chosen anew for each batch.

    How much they do is drawn for each image, up to `factor`."""

    value_range: Any = (0, 255)
    num_ops: int = 2
    factor: Any = 0.5
    interpolation: str = "bilinear"
    seed: int | None = None
    data_format: str | None = None

    def varied(self, x: Value, key: Value) -> Value:
        numbers = fn.random_randint(key, (self.num_ops,), 0, len(ALL))
        for k in range(self.num_ops):
            x = self.chosen(numbers[k], ALL, x, fn.random_fold_in(key, k))
        return x


@dataclass(eq=False, repr=False)
class AugMix(_Policy):
    """In training, images mixed with `num_chains` variations of themselves (D. Hendrycks et al., 2020): each is
    `chain_depth` layers of seven (eleven with `all_ops`) or none, chosen anew for each batch. `alpha` says how evenly:
    weights are Dirichlet, and Beta for the image itself.

    Differs: Keras on JAX chooses once, when a step is traced.
    """

    value_range: Any = (0, 255)
    num_chains: int = 3
    chain_depth: int = 3
    factor: Any = 0.3
    alpha: float = 1.0
    all_ops: bool = True
    interpolation: str = "bilinear"
    seed: int | None = None
    data_format: str | None = None

    def check(self) -> None:
        super().check()
        if min(self.num_chains, self.chain_depth) < 1 or not self.alpha > 0:
            raise self.error("at least one chain of one layer, and a positive alpha", self.attributes())

    def varied(self, x: Value, key: Value) -> Value:
        names, count = ALL if self.all_ops else SIMPLE, self.num_chains * self.chain_depth
        keys = fn.random_split(key, count + 3)
        weights = fn.random_gamma(keys[count], (self.num_chains,), float(self.alpha))
        weights = weights / fn.sum(weights)
        own = fn.random_beta(keys[count + 1], (), float(self.alpha), float(self.alpha))
        numbers = fn.random_randint(keys[count + 2], (count,), 0, len(names) + 1)

        def chain(number: Value, total: Value) -> Value:
            def step(k: Value, images: Value) -> Value:
                place = number * self.chain_depth + k
                return self.chosen(fn.take(numbers, place), names, images, fn.take(keys, place, axis=0))

            return total + fn.take(weights, number) * fn.fori_loop(0, self.chain_depth, step, x)

        mixed = fn.fori_loop(0, self.num_chains, chain, fn.zeros_like(x))
        return fn.clip(own * x + (1 - own) * mixed, *self.value_range)
