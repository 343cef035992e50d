"""What is special about TensorFlow Lite's nodes as layers? Images are channels-last, kernels have outputs first."""

from __future__ import annotations

from collections.abc import Sequence

from fanlight.importers.graphs.layer import GraphNode
from fanlight.importers.tflite import rules  # noqa: F401  # nodes are run by them
from fanlight.ir.graph import Value
from fanlight.layers.context import Context
from fanlight.layers.registered import BUILT_IN

KEPT = {"SOFTMAX": "softmax", "LOGISTIC": "sigmoid"}  # of whose operands losses know a stable form


class TFLiteNode(GraphNode):
    """One operator of a TensorFlow Lite file."""

    @property
    def channels_first(self) -> bool | None:  # pyright: ignore[reportIncompatibleVariableOverride]  # as its node says
        return False

    def keep(self, context: Context, operands: Sequence[Value | None], results: Sequence[Value]) -> None:
        """The operand of a softmax."""
        if (
            self.node.op in KEPT
            and (x := operands[0]) is not None
            and x.dtype == "float32"
            and self.node.attributes.get("beta", 1.0) == 1.0
        ):
            context.logits[results[0]] = (KEPT[self.node.op], x)

    def channel_axes(self, name: str) -> tuple[int, ...]:
        """Which axes of a weight count output channels."""
        rank = self.weights[name].type.rank
        first = self.node.op in ("CONV_2D", "FULLY_CONNECTED", "TRANSPOSE_CONV")
        return (0,) if first and rank > 1 else (rank - 1,)


BUILT_IN["TFLiteNode"] = TFLiteNode
