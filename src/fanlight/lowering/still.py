"""What does no call compute again? Values that come from state alone which a function leaves as it is.

In: a graph. Out: which values these are, and which of them are worth a buffer: `lower` takes its kernel out of the
function then, as it does with packed weights."""

from __future__ import annotations

from collections.abc import Sequence

from fanlight.ir import dim as dims
from fanlight.ir.graph import Constant, Graph, State, Value


def still_values(graph: Graph) -> frozenset[int]:
    """The identities of all values that are computed from unwritten state, and constants."""
    found: set[int] = set()

    def is_still(value: Value) -> bool:
        return id(value) in found or (isinstance(value.op, State) and value.op.label not in graph.writes)

    for value in graph.order:
        others = [x for x in value.inputs if not isinstance(x.op, Constant)]
        if others and all(map(is_still, others)):
            found.add(id(value))
    return frozenset(found)


def is_spread(value: Value, users: Sequence[Value]) -> bool:
    """Is it spread over a larger array? Each element would compute it there."""
    size = dims.upper(value.type.count)
    return any(user.op.name == "broadcast_to" and dims.upper(user.type.count) > size for user in users)
