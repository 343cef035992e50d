"""How can a classifier leave room for classes that its page adds later? By spare outputs that stay switched off."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fanlight.ir.graph import Value
from fanlight.ir.types import Type
from fanlight.layers.base import Layer
from fanlight.layers.context import Context
from fanlight.layers.initializers import Listed
from fanlight.layers.meanings import Classes, from_record
from fanlight.ops import functions as fn


@dataclass(eq=False, repr=False)
class ClassMask(Layer):
    """Logits as they are for classes in use, minus 1e9 for the spare ones: a softmax after it gives these exactly 0,
    and no gradient. Stands between the logits and the softmax.

    `classes` is their number, or a `Classes`, which then is what the output means. Which are in use is state under
    the layer's own name (`class_mask`), `[classes + spare]`, 1 or 0, of role hyperparameter: a page that adds a class
    sets its 1.
    """

    classes: Any
    spare: int = 0

    def check(self) -> None:
        if isinstance(self.classes, Mapping):  # what attributes() gives
            self.classes = from_record(self.classes)
        if isinstance(self.classes, Classes):
            self.spare = self.classes.spare
        if self.count < 1 or self.spare < 0:
            raise self.error("at least one class, and no negative spare", f"{self.count} and {self.spare}")

    def means(self) -> Classes | None:
        return self.classes if isinstance(self.classes, Classes) else None

    @property
    def count(self) -> int:
        """How many classes are in use at first."""
        return len(self.classes.labels) if isinstance(self.classes, Classes) else int(self.classes)

    def build(self, *types: Type) -> None:
        total = self.count + self.spare
        if types[0].shape[-1] != total:
            raise self.error(
                f"{total} logits ({self.count} classes and {self.spare} spare)", types[0].shape[-1], at=types[0]
            )
        in_use = Listed((1.0,) * self.count + (0.0,) * self.spare)
        self.add_weight("", (total,), in_use, role="hyperparameter")

    def call(self, context: Context, *values: Value) -> Value:
        return fn.where(self.weight(context, "") > 0, values[0], values[0] - 1e9)
