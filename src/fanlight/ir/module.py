"""What does a model consist of? Several named graphs over one state, and what its inputs and outputs mean.

Pure description: the arrays themselves live in an engine."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from fanlight.errors import ShapeError
from fanlight.ir.graph import Graph
from fanlight.ir.types import Type

ROLES = ("parameter", "slot", "statistic", "hyperparameter", "key", "counter", "carried", "metric", "data")


@dataclass(frozen=True, slots=True)
class StateSpec:
    """One state array: type, role, whether training changes it; `initial` fills it where no `init` graph does."""

    type: Type
    role: str = "parameter"
    trainable: bool = True
    initial: float | int = 0


@dataclass(frozen=True, slots=True)
class Module:
    """Named functions over named state. `meanings` maps an input or output name to its description for manifests."""

    functions: Mapping[str, Graph]
    state: Mapping[str, StateSpec]
    meanings: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def rewritten(self, rewrite: Callable[[Graph], Graph]) -> Module:
        """This module with every function rewritten."""
        return replace(self, functions={name: rewrite(graph) for name, graph in self.functions.items()})

    def check_state(self) -> None:
        """Raises ShapeError where a function uses state that the module does not declare, or declares differently."""
        for name, graph in self.functions.items():
            for key, type in graph.state.items():
                if key not in self.state:
                    raise ShapeError(
                        f"function {name!r}: expected state {key!r} to be declared, got only {sorted(self.state)}"
                    )
                if self.state[key].type != type:
                    raise ShapeError(
                        f"function {name!r}: expected state {key!r} to be {self.state[key].type}, got {type}"
                    )
