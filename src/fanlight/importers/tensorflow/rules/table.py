"""Where do TensorFlow's rules stand? In the table of all graphs, under `tf.` and the operation's name.

A node that does not say an attribute has the operation's default, as files strip those. Complex numbers are a last
axis of two, which only the rules that say so may be given.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from fanlight.importers.graphs.table import Function, rule
from fanlight.importers.tensorflow.rules.defaults import DEFAULTS

COMPLEX = ("complex64", "complex128")


def op(
    *names: str,
    settings: tuple[int, ...] = (),
    parameters: tuple[int, ...] = (),
    statistics: tuple[int, ...] = (),
    note: str = "",
    takes_complex: bool = False,
) -> Callable[[Function], Function]:
    """Adds a function to the table, under one or several operations."""

    def add(function: Function) -> Function:
        for name in names:
            run = completed(function, DEFAULTS.get(name, {}), takes_complex)
            rule(f"tf.{name}", settings=settings, parameters=parameters, statistics=statistics, note=note)(run)
        return function

    return add


def completed(function: Callable[..., Any], defaults: Mapping[str, Any], takes_complex: bool) -> Callable[..., Any]:
    """The rule, for nodes whose attributes are filled up with defaults."""

    def run(use: Any, *operands: Any) -> Any:
        said = {name: value for name, value in use.node.attributes.items() if value is not None}
        attributes = {**defaults, **said}
        use = replace(use, node=replace(use.node, attributes=attributes))
        if not takes_complex and any(map(is_complex, attributes.values())):
            raise use.refuse("real numbers", "complex ones")
        return function(use, *operands)

    return run


def is_complex(attribute: Any) -> bool:
    """Does an attribute name a complex dtype?"""
    several = attribute if isinstance(attribute, list | tuple) else (attribute,)
    return any(isinstance(each, str) and each in COMPLEX for each in several)


def dtype_named(use: Any, name: Any) -> str:
    """The dtype that arithmetic is done in for one of TensorFlow's."""
    from fanlight.importers.graphs.run import DTYPE_OF

    if name not in DTYPE_OF:
        raise use.refuse(f"a dtype of {', '.join(DTYPE_OF)}", name)
    return DTYPE_OF[name]
