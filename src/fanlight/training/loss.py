"""What is a loss? A rule that gives each row of a batch a number; Keras's, or a function of one's own.

In: targets, predictions, and, where known, what a final softmax or sigmoid was applied to. Knows no optimizer, no
data.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any, ClassVar

from fanlight.errors import ShapeError
from fanlight.ir.graph import Value
from fanlight.ir.types import Type
from fanlight.ops import functions as fn
from fanlight.training.weighting import check_reduction, reduced

EPSILON = 1e-7  # Keras's
Logits = tuple[str, Value] | None  # (activation, what it was applied to)


@dataclass(frozen=True)
class Loss(ABC):
    """A rule that gives each row of a batch a number. `name` is Keras's; the attributes are its keyword arguments.

    `reduction` makes one number of them: "sum_over_batch_size" (divided by how many they are), "sum", or
    "mean_with_sample_weight" (divided by the sum of the weights).
    """

    reduction: str = field(default="sum_over_batch_size", kw_only=True)

    name: ClassVar[str] = ""
    filler: ClassVar[int | None] = None  # what targets with too few columns are filled up with

    def __post_init__(self) -> None:
        check_reduction(self.reduction, type(self).__name__)

    def target(self, prediction: Type) -> Type:
        """The type of the targets for predictions of this type."""
        return prediction

    @abstractmethod
    def each(self, target: Value, prediction: Value, logits: Logits = None) -> Value:
        """The loss of every row, `[batch, ...]`.

        With `logits` the stable form is used. It equals the one on probabilities between 1e-7 and 1 - 1e-7; beyond
        them Keras on JAX cuts off, with a gradient of zero, and this goes on.
        """

    def counts(self, each: Value) -> Value | None:
        """Which of the rows count, where the loss itself knows."""
        return None

    def __call__(
        self,
        target: Value,
        prediction: Value,
        weights: Value | None = None,
        mask: Value | None = None,
        logits: Logits = None,
    ) -> Value:
        """The loss of a batch: one number. `weights` go with rows or what is in them; `mask` says what counts."""
        each = self.each(target, prediction, logits)
        own = self.counts(each)
        mask = own if mask is None else mask if own is None else fn.logical_and(mask, own)
        return reduced(each, weights, mask, self.reduction)

    def attributes(self) -> dict[str, Any]:
        return {"name": self.name, **asdict(self)}


@dataclass(frozen=True)
class TracedLoss(Loss):
    """A function of values (target, prediction) that gives a number for each row, or one number for the batch."""

    function: Callable[[Value, Value], Value]
    from_integers: bool = False

    @property
    def name(self) -> str:  # type: ignore[override]  # of its function: here no name is the class's
        return getattr(self.function, "__name__", "loss")

    def target(self, prediction: Type) -> Type:
        return Type("int32", prediction.shape[:-1]) if self.from_integers else prediction

    def each(self, target: Value, prediction: Value, logits: Logits = None) -> Value:
        y = self.function(target, prediction)
        if not isinstance(y, Value) or (y.rank and y.shape[0] != prediction.shape[0]):
            raise ShapeError(f"loss {self.name!r}", expected="one number for each row, or one in all", got=y)
        return y

    def attributes(self) -> dict[str, Any]:
        return {"name": self.name}
