"""Does a graph, a module or a program keep its rules? Run after every stage; raises CompileError with what and where.

Types are inferred again, leaves compared, names and sizes matched. Programs are in `ir.verify_program`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from fanlight.errors import CompileError, FanlightError
from fanlight.ir import dim as dims
from fanlight.ir.control import Iteration
from fanlight.ir.graph import Constant, Graph, Input, Item, Leaf, State, Value
from fanlight.ir.module import ROLES, Module
from fanlight.ir.number import integer_range
from fanlight.ir.text import sizes_in
from fanlight.ir.types import Type, Types, is_float
from fanlight.ir.verify_program import verify_program

__all__ = ["verify_graph", "verify_module", "verify_program"]


def verify_graph(graph: Graph, where: str = "graph") -> None:
    """Raises CompileError where `graph` breaks a rule of the IR; `where` names it in the message."""
    state = check_body(graph, where)
    check_sizes(graph, where)
    for name, value in graph.writes.items():
        check_static(value.type, f"state {name!r} in {where}")
    for name, type in state.items():
        check_static(type, f"state {name!r} in {where}")


def check_body(graph: Graph, where: str) -> dict[str, Type]:
    """What holds for functions and for the bodies of loops and branches; returns the state that is read."""
    seen: set[int] = set()
    state: dict[str, Type] = {}
    for value in graph.order:
        at = f"{value!r} in {where}"
        if any(id(x) not in seen for x in value.inputs):
            raise CompileError("graph", expected="values without cycles", got="a value that needs itself", at=at)
        seen.add(id(value))
        check_type(value, at)
        check_leaf(value, state, at)
        for name, body in value.op.bodies.items():
            carried = check_body(body, f"{name} of {value.op.name} in {where}")
            if carried and not isinstance(value.op, Iteration):
                raise CompileError("state", expected="none inside a branch", got=sorted(carried), at=at)
    check_inputs(graph, where)
    for name, value in graph.writes.items():
        if value.type != state.get(name, value.type):
            raise CompileError(f"write of {name!r}", expected=state[name], got=value.type, at=where)
    if graph.guard is not None and graph.guard.type != Type("bool", ()):
        raise CompileError("guard", expected=Type("bool", ()), got=graph.guard.type, at=where)
    return state


def check_type(value: Value, at: str) -> None:
    """The type of a value is what its op infers, and each extent is a bounded length."""
    try:
        inferred = value.op.infer(*(x.type for x in value.inputs))
    except FanlightError as error:
        raise CompileError(str(error), at=at) from error
    if inferred != value.type:
        raise CompileError("type", expected=inferred, got=value.type, at=at)
    if any(isinstance(x.type, Types) for x in value.inputs) and not isinstance(value.op, Item):
        raise CompileError("operand", expected="one array: an item of a loop's results", got=value.op.name, at=at)
    members = value.type.members if isinstance(value.type, Types) else (value.type,)
    for extent in (extent for member in members for extent in member.shape):
        low, high = dims.bounds(extent)
        if low < 0 or high >= dims.UNBOUNDED:
            raise CompileError(
                f"dim {dims.text(extent)}", expected="a length from 0 to a known bound", got=f"{low} .. {high}", at=at
            )


def check_leaf(value: Value, state: dict[str, Type], at: str) -> None:
    """Leaves have no operands, constants fit their dtype, and all reads of a state array agree on its type."""
    if isinstance(value.op, Leaf | Constant) and value.inputs:
        raise CompileError("leaf", expected="no operands", got=len(value.inputs), at=at)
    if isinstance(value.op, State):
        known = state.setdefault(value.op.label, value.type)
        if known != value.type:
            raise CompileError(f"state {value.op.label!r}", expected=known, got=value.type, at=at)
    if isinstance(value.op, Constant) and not is_number(value.op.value, value.dtype):
        raise CompileError("constant", expected=f"a number of {value.dtype}", got=repr(value.op.value), at=at)


def is_number(value: Any, dtype: str) -> bool:
    """Is it a Python number that an element of `dtype` can be?"""
    if dtype == "bool" or isinstance(value, bool):
        return isinstance(value, bool) and dtype == "bool"
    if is_float(dtype):
        return isinstance(value, float)
    low, high = integer_range(dtype)
    return isinstance(value, int) and low <= value <= high


def check_static(type: Type, at: str) -> None:
    if any(isinstance(extent, dims.Dim) for extent in type.shape):
        raise CompileError("state", expected="a shape without open dims", got=type, at=at)


def check_inputs(graph: Graph, where: str) -> None:
    """The inputs are those that are used, each under its own name."""
    known = {id(v) for v in graph.inputs}
    for value in [*graph.inputs, *graph.order]:
        if isinstance(value.op, Input) != (id(value) in known):
            raise CompileError("inputs", expected="all `input` values, and only those", got=repr(value), at=where)
    labels = [v.op.label for v in graph.inputs if isinstance(v.op, Leaf)]
    if len(set(labels)) < len(labels):
        raise CompileError("inputs", expected="names that differ", got=labels, at=where)


def check_sizes(graph: Graph, where: str) -> None:
    """Each size has one interval, a bound, and an input that gives its value."""
    found: dict[str, dims.Size] = {}
    for value in graph.order:
        for size in sizes_in((value.type, value.op)):
            if found.setdefault(size.name, size) != size:
                got = f"{found[size.name].bounds} and {size.bounds}"
                raise CompileError(f"size {size.name!r}", expected="one interval", got=got, at=where)
    given = set(bare_sizes(extent for value in graph.inputs for extent in value.shape))
    for size in found.values():
        if size.high >= dims.UNBOUNDED:
            do = f"compile with dims={{{size.name!r}: ...}}"
            raise CompileError(f"size {size.name!r}", expected="an upper bound", got="none", at=where, do=do)
        if size not in given:
            raise CompileError(f"size {size.name!r}", expected="an input with such an axis", got="none", at=where)


def bare_sizes(extents: Iterable[dims.DimLike]) -> Iterable[dims.Size]:
    """The sizes that are an axis by themselves."""
    for extent in extents:
        for atom in dims.atoms(extent):
            if isinstance(atom, dims.Size) and extent == dims.Dim.of(atom):
                yield atom


def verify_module(module: Module) -> None:
    """Raises CompileError where a graph of `module` breaks a rule, or uses state otherwise than it is declared."""
    for name, spec in module.state.items():
        check_static(spec.type, f"state {name!r}")
        if spec.role not in ROLES:
            raise CompileError(f"role of state {name!r}", expected=f"one of {', '.join(ROLES)}", got=spec.role)
    for name, graph in module.functions.items():
        verify_graph(graph, f"function {name!r}")
    try:
        module.check_state()
    except FanlightError as error:
        raise CompileError(str(error)) from error
