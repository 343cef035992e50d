"""How wrong is a sequence of labels, when nobody knows at which times they are? Keras's CTC."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from fanlight.errors import ShapeError
from fanlight.ir.dim import known
from fanlight.ir.graph import Value
from fanlight.ir.types import Type
from fanlight.ops import functions as fn
from fanlight.ops.ctc import ctc_loss
from fanlight.training.loss import Logits, Loss


@dataclass(frozen=True)
class CTC(Loss):
    """-log of the probability that the logits `[batch, time, classes]` give the labels (Graves and others 2006).

    Targets are int32 `[batch, time]`: the labels, which are never 0 (that is "none"), then 0s. In Python fewer columns
    will do.
    """

    name: ClassVar[str] = "ctc"
    filler: ClassVar[int | None] = 0

    def target(self, prediction: Type) -> Type:
        if prediction.rank != 3:
            raise ShapeError("loss 'ctc'", expected="logits [batch, time, classes]", got=prediction)
        if not isinstance(prediction.shape[1], int):
            do = "give the input a fixed number of steps"
            raise ShapeError("loss 'ctc'", expected="a known number of times", got=prediction, do=do)
        return Type("int32", prediction.shape[:2])

    def each(self, target: Value, prediction: Value, logits: Logits = None) -> Value:
        batch, time = prediction.shape[:2]
        lengths = fn.sum(fn.cast(fn.not_equal(target, 0), "int32"), axis=-1)
        return ctc_loss(target, prediction, lengths, fn.full((batch,), known(time), "int32"))
