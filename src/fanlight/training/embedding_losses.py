"""How well do embeddings keep classes apart? Keras's Circle, which compares each row of a batch with all others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from fanlight.errors import ShapeError
from fanlight.ir.graph import Value
from fanlight.ir.types import Type
from fanlight.ops import functions as fn
from fanlight.ops.shapes import iota
from fanlight.training.loss import Logits, Loss

NEVER = -1e30  # in the place of log(0): finite, so that the gradient of a row without a pair is 0


@dataclass(frozen=True)
class Circle(Loss):
    """softplus(logsumexp over rows of the same class + logsumexp over the others) of weighted cosine distances
    (Sun and others 2020). Predictions are embeddings `[batch, features]` of length 1, targets the numbers of classes.

    Rows whose loss is 0, since the batch has no other of their class, do not count in the mean. `remove_diagonal`: a
    row is no pair with itself.
    """

    gamma: float = 80.0
    margin: float = 0.4
    remove_diagonal: bool = True
    name: ClassVar[str] = "circle"

    def target(self, prediction: Type) -> Type:
        if prediction.rank != 2:
            raise ShapeError("loss 'circle'", expected="embeddings [batch, features]", got=prediction)
        return Type("int32", prediction.shape[:1])

    def each(self, target: Value, prediction: Value, logits: Logits = None) -> Value:
        batch = prediction.shape[0]
        distance = fn.maximum(1 - fn.matmul(prediction, fn.transpose(prediction)), 0.0)
        same = fn.equal(fn.expand_dims(target, 1), fn.expand_dims(target, 0))
        other = fn.logical_not(same)
        if self.remove_diagonal:
            same = fn.logical_and(same, fn.not_equal(iota((batch, batch), 0), iota((batch, batch), 1)))
        near = -self.gamma * fn.maximum(self.margin + distance, 0.0) * (self.margin - distance)
        far = self.gamma * fn.maximum(1 + self.margin - distance, 0.0) * (1 - self.margin - distance)
        pairs = [fn.logsumexp(fn.where(*each, NEVER), axis=1) for each in ((same, near), (other, far))]
        return fn.softplus(pairs[0] + pairs[1])

    def counts(self, each: Value) -> Value | None:
        return fn.greater(each, 0.0)
