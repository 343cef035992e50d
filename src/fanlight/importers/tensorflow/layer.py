"""What is special about TensorFlow's nodes as layers? Images are channels-last unless a node says otherwise; kernels
have their outputs last."""

from __future__ import annotations

import re
from collections.abc import Sequence

from fanlight.importers.graphs.layer import GraphNode
from fanlight.importers.tensorflow import rules  # noqa: F401  # nodes are run by them
from fanlight.ir.graph import Value
from fanlight.layers.context import Context
from fanlight.layers.registered import BUILT_IN

PLACED = re.compile("_?(Fused)?(Depthwise)?Conv|(Max|Avg)Pool|_?FusedBatchNorm|Resize|DepthToSpace|SpaceToDepth|LRN")
PRODUCTS = re.compile("_?(Fused)?MatMul|BatchMatMul|Einsum|Gather|Reshape|Transpose")
NORMALIZATION = re.compile("_?FusedBatchNorm")
KEPT = ("Softmax", "Sigmoid")  # of whose operands losses know a stable form
MEAN, VARIANCE = 3, 4  # operands of a batch normalization


class TensorFlowNode(GraphNode):
    """One node of a TensorFlow graph."""

    @property
    def channels_first(self) -> bool | None:  # pyright: ignore[reportIncompatibleVariableOverride]  # as its node says
        """Where the channels of its result lie; None for a node that leaves them where they are."""
        if PLACED.match(self.node.op):
            return str(self.node.attributes.get("data_format", "NHWC")).startswith("NC")
        return False if PRODUCTS.match(self.node.op) else None

    def lost(self) -> str | None:
        """Batch normalization of a graph that was saved for inference."""
        is_fixed = NORMALIZATION.match(self.node.op) and self.node.attributes.get("is_training") is False
        return "batch normalization goes by its stored statistics" if is_fixed else None

    def keep(self, context: Context, operands: Sequence[Value | None], results: Sequence[Value]) -> None:
        """The running mean and variance that a batch normalization in training gives; the operand of a softmax."""
        if NORMALIZATION.match(self.node.op) and context.training and len(results) > 2:
            said = self.node.attributes
            if said.get("is_training", True) and said.get("exponential_avg_factor", 1.0) != 1.0:
                self.write(context, MEAN, results[1])
                self.write(context, VARIANCE, results[2])
        if self.node.op in KEPT and (x := operands[0]) is not None:
            context.logits[results[0]] = (self.node.op.lower(), x)

    def channel_axes(self, name: str) -> tuple[int, ...]:
        """Which axes of a weight count output channels."""
        rank = self.weights[name].type.rank
        position, said = self.position_of(name), self.node.attributes
        match self.node.op:
            case "DepthwiseConv2dNative" | "FusedDepthwiseConv2dNative" if position == 1:
                return (rank - 2, rank - 1)
            case "Conv2DBackpropInput" if position == 1:
                return (rank - 2,)
            case "MatMul" | "_FusedMatMul" if position < 2:
                is_turned = bool(said.get("transpose_b" if position else "transpose_a"))
                return (int(is_turned != bool(position)),)
            case "BatchMatMul" | "BatchMatMulV2" | "BatchMatMulV3" if position < 2:
                is_turned = bool(said.get("adj_y" if position else "adj_x"))
                return (rank - 2 + int(is_turned != bool(position)),)
        return (rank - 1,)


BUILT_IN["TensorFlowNode"] = TensorFlowNode
