"""Which operators are known and never built, and what to do instead?"""

from __future__ import annotations

from typing import Any

from fanlight.importers.tflite.rules.table import op
from fanlight.ir.graph import Value

BY_DATA = "always refused: as many results as the data say"
BOXES = ("NON_MAX_SUPPRESSION_V4", "NON_MAX_SUPPRESSION_V5", "CUSTOM:TFLite_Detection_PostProcess")


@op(*BOXES, bytes_="own", note=BY_DATA)
def boxes(use: Any, *operands: Value) -> Value:
    read = [name for name in use.node.inputs[:2] if name]
    raise use.refuse(
        "results whose number is known",
        f"{use.node.op.removeprefix('CUSTOM:')}, which leaves as many boxes as the data say",
        do=f"read the outputs before it, with outputs={read}, and choose boxes in the page",
    )


@op("WHERE", "UNIQUE", bytes_="own", note=BY_DATA)
def found(use: Any, *operands: Value) -> Value:
    raise use.refuse("results whose number is known", f"{use.node.op}, which gives as many as the data say")


@op("CALL", "CALL_ONCE", bytes_="own", note="always refused: other graphs of the file")
def other_graphs(use: Any, *operands: Value) -> Value:
    do = "convert the model without control flow, or cut it before with outputs=[...]"
    raise use.refuse("one graph", f"{use.node.op}, which runs another graph of the file", do=do)
