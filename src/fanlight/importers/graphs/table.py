"""Where do rules stand? In one table, by kind of operator; each says which operands are no weights."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

Tables = Callable[[Any], tuple[dict[str, Any], dict[str, Any]]]
Function = TypeVar("Function", bound=Callable[..., Any])


@dataclass(frozen=True)
class Rule:
    """How one kind of node is traced.

    `settings` are operands that shapes and constants must tell, such as a new shape: never weights. `parameters` are
    operands that are weights even where they are a single number, `statistics` weights that no gradient changes.
    `tables` makes arrays of long attributes: from a node to the attributes that it keeps, and arrays that become more
    operands. `note` says what is not built, for the table of operators. A function that meets what is not built raises
    NotImplementedError, from however deep; `run_node` gives it the node's name.
    """

    function: Callable[..., Any]
    settings: tuple[int, ...] = ()
    parameters: tuple[int, ...] = ()
    note: str = ""
    tables: Tables | None = None
    statistics: tuple[int, ...] = ()


RULES: dict[str, Rule] = {}


def rule(
    *kinds: str,
    settings: tuple[int, ...] = (),
    parameters: tuple[int, ...] = (),
    note: str = "",
    tables: Tables | None = None,
    statistics: tuple[int, ...] = (),
) -> Callable[[Function], Function]:
    """Adds a function to the table, under one or several kinds."""

    def add(function: Function) -> Function:
        for kind in kinds:
            assert kind not in RULES, kind
            RULES[kind] = Rule(function, settings, parameters, note, tables, statistics)
        return function

    return add
