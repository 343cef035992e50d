"""What does the text of a kernel or program say? Reads what `ir.program_text` prints.

In: text. Out: the kernel or program, built node by node with the same constructors as in the compiler.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from typing import Any

from fanlight.ir import dim as dims
from fanlight.ir import scalar
from fanlight.ir.instructions import SCALARS
from fanlight.ir.kernel import (
    COMBINES,
    FOLD,
    SORT,
    Axis,
    Branch,
    Buffer,
    Contraction,
    Derivation,
    Kernel,
    Layout,
    Loop,
    Operand,
    Procedure,
    Program,
    Sorting,
    Step,
    Store,
    dense,
)
from fanlight.ir.reading import (
    NAME_TEXT,
    SHORT,
    TYPE_TEXT,
    Lines,
    Reader,
    match,
    numbered,
    read_expression,
    read_name,
    read_sizes,
)
from fanlight.ir.scalar import Scalar
from fanlight.ir.types import item_bytes

_NAME = rf"(?P<name>{NAME_TEXT})"
_BUFFER = rf"(?P<buffer>{NAME_TEXT})"
_TYPE = rf"(?P<type>{TYPE_TEXT})"
_WHERE = r"(?: where (?P<where>.*))?"

_KERNEL = re.compile(rf"kernel {_NAME} (?P<kind>\w+): (?P<axes>.*?)(?: over (?P<reduce>.*))?")
_OPERAND = re.compile(
    rf"%(?P<slot>\d+) = {_BUFFER}: {_TYPE}(?: strides \((?P<strides>[^)]*)\)(?: offset (?P<offset>.*))?)?"
)
_PART = re.compile(r"\$(?P<number>\d+) = (?P<value>.*)")
_SUM = re.compile(r"(?P<combine>\w+) of (?P<value>.*)")
_STORE = re.compile(r"(?P<place>%\d+\[.*?\]) = (?P<value>.*)")
_CONTRACT = re.compile(
    r"contract %(?P<a>\d+) by %(?P<b>\d+), (?P<columns>.*) columns, "
    r"tile (?P<rows>\d+)x(?P<lanes>\d+), unroll (?P<unroll>\d+), split (?P<split>\d+)"
)
_SORTING = re.compile(r"(?P<how>select|merge) in %(?P<scratch>\d+), (?P<keep>.*) kept")
_PROGRAM = re.compile(r"program of (?P<bytes>\d+) bytes, versions @(?P<versions>\d+)")
_MEMORY = re.compile(rf"(?P<space>\w+) {_NAME} @(?P<offset>-?\d+): {_TYPE}, (?P<bytes>\d+) bytes{_WHERE}")
_HOLDS = re.compile(rf"holds {_NAME} = {_BUFFER}, group (?P<group>\d+)")
_DERIVATION = re.compile(rf"derivation \d+ of groups (?P<groups>[\d, ]*): (?P<buffers>{NAME_TEXT}(?:, {NAME_TEXT})*)?")
_PROCEDURE = re.compile(rf"procedure {_NAME}{_WHERE}")
_PORT = re.compile(rf"(?P<kind>input|output) {_NAME} = {_BUFFER}")
_USES = re.compile(r"derivation (?P<number>\d+)")
_STOP = re.compile(rf"stop with status 1 unless {_BUFFER}")
_LOOP = re.compile(rf"loop {_NAME}(?P<reverse> reverse)?: (?P<size>.*), extent (?P<extent>.*)")
_CARRY = re.compile(rf"carry {_BUFFER}")
_UNLESS = re.compile(rf"stop unless {_BUFFER}")
_BRANCH = re.compile(rf"branch {_NAME} if {_BUFFER}")
_WRITES = re.compile(r"writes state group (?P<group>\d+)")


class ScalarReader(Reader):
    """Reads scalar expressions over the loops, operands and named parts of one kernel."""

    def __init__(self, sizes: Mapping[str, dims.DimLike]):
        super().__init__(dict(sizes))
        self.operands: list[Operand] = []
        self.parts: list[Scalar] = []
        self.total = "float32"  # the dtype of the accumulator

    def scalar(self, node: ast.expr) -> Scalar:
        if isinstance(node, ast.List) and len(node.elts) == 1:
            return scalar.index(self.dim(node.elts[0]))
        if isinstance(node, ast.Subscript):
            slot = numbered(node.value, "%")
            return scalar.read(slot, self.dims(node.slice), self.operands[slot].type.dtype)
        if isinstance(node, ast.Name) and node.id == "acc":
            return scalar.accumulator(self.total)
        if isinstance(node, ast.Name) and node.id.startswith("_part_"):
            return self.parts[numbered(node, "$")]
        if isinstance(node, ast.Call):
            return self.row(node)
        value = self.literal(node)
        dtypes = {bool: "bool", int: "int32", float: "float32"}
        if type(value) not in dtypes:
            raise ValueError(f"expected a scalar expression, got {ast.unparse(node)}")
        return scalar.const(value, dtypes[type(value)])

    def row(self, call: ast.Call) -> Scalar:
        """`add(x, y)`, `cast.f32(x)`, `i64(3)`."""
        if isinstance(call.func, ast.Attribute) and isinstance(call.func.value, ast.Name) and len(call.args) == 1:
            kinds = {"cast": scalar.cast, "bitcast": scalar.bitcast}
            if call.func.value.id in kinds and call.func.attr in SHORT:
                return kinds[call.func.value.id](self.scalar(call.args[0]), SHORT[call.func.attr])
        if isinstance(call.func, ast.Name):
            name = call.func.id.removesuffix("_")  # of `and_`, `or_`, `not_`
            if name in SHORT and len(call.args) == 1:
                return scalar.const(self.literal(call.args[0]), SHORT[name])
            if name in SCALARS and name not in ("cast", "bitcast"):
                return scalar.make(name, *map(self.scalar, call.args))
        raise ValueError(f"expected a row of SCALARS, got {ast.unparse(call.func)}")

    def call(self, name: str, args: list[ast.expr]) -> Any:
        """`data(expression, low, high)` as an index; else as in any dim."""
        if name != "data" or len(args) != 3:
            return super().call(name, args)
        low, high = (self.literal(node) for node in args[1:])
        return scalar.datum(self.scalar(args[0]), low, high)

    def axes(self, text: str) -> tuple[Axis, ...]:
        """`i < batch, j < 8`, whose indices may be used from now on."""
        if text == "once":
            return ()
        found: list[Axis] = []
        call = read_expression(f"axes({text})")
        assert isinstance(call, ast.Call)
        for node in call.args:
            if not isinstance(node, ast.Compare) or not isinstance(node.left, ast.Name) or len(node.comparators) != 1:
                raise ValueError(f"expected index < extent, got {ast.unparse(node)}")
            found.append(Axis(node.left.id, self.dim(node.comparators[0])))
        self.sizes = {**self.sizes, **{axis.name: axis.index for axis in found}}
        return tuple(found)


def parse_kernel(text: str, sizes: Mapping[str, dims.DimLike] | None = None) -> Kernel:
    """The kernel that `kernel_text` printed, over these open sizes. Raises ModelFormatError with the line."""
    return _kernel(Lines(text), sizes or {})


def _kernel(lines: Lines, sizes: Mapping[str, dims.DimLike]) -> Kernel:
    reader = ScalarReader(sizes)
    with lines.take() as line:
        header = match(_KERNEL, line, "kernel name kind: index < extent, ... over index < extent, ...")
        axes, reduce = reader.axes(header["axes"]), reader.axes(header["reduce"] or "once")
    value: Scalar | None = None
    combine = ""
    schedule: Contraction | Sorting | None = None
    stores: list[Store] = []
    combines = [f"{combine} of " for combine in (*COMBINES, FOLD, SORT)]
    while lines.starts("%", "$", "contract ", "select in ", "merge in ", *combines):
        with lines.take() as line:
            if found := _OPERAND.fullmatch(line):
                reader.operands.append(_operand(found, reader))
            elif found := _PART.fullmatch(line):
                reader.parts.append(reader.scalar(read_expression(found["value"])))
            elif found := _SUM.fullmatch(line):
                combine = found["combine"]
                value = reader.scalar(read_expression(found["value"]))
                reader.total = value.dtype
            elif found := _SORTING.fullmatch(line):
                keep = reader.dim(read_expression(found["keep"]))
                schedule = Sorting(int(found["scratch"]), keep, found["how"] == "select")
            elif found := _CONTRACT.fullmatch(line):
                a, b, rows, lanes, unroll, split = (
                    int(found[k]) for k in ("a", "b", "rows", "lanes", "unroll", "split")
                )
                schedule = Contraction(a, b, reader.dim(read_expression(found["columns"])), rows, lanes, unroll, split)
            else:
                stores.append(
                    _store(match(_STORE, line, "an operand, a part, a sum, a store or a contraction"), reader)
                )
    return Kernel(
        read_name(header["name"]),
        header["kind"],
        axes,
        tuple(reader.operands),
        tuple(stores),
        value,
        reduce,
        combine,
        schedule,
    )


def _operand(found: re.Match[str], reader: ScalarReader) -> Operand:
    type = reader.type(found["type"])
    layout = dense(type)
    if found["strides"] is not None:
        strides = read_expression(f"({found['strides']},)") if found["strides"] else ast.Tuple([])
        layout = Layout(reader.dims(strides), reader.dim(read_expression(found["offset"] or "0")))
    return Operand(read_name(found["buffer"]), type, layout)


def _store(found: re.Match[str], reader: ScalarReader) -> Store:
    place = read_expression(found["place"])
    assert isinstance(place, ast.Subscript)
    value = reader.scalar(read_expression(found["value"]))
    return Store(numbered(place.value, "%"), reader.dims(place.slice), value)


def parse_program(text: str) -> Program:
    """The program that `program_text` printed. Raises ModelFormatError with the line."""
    lines = Lines(text)
    with lines.take() as line:
        header = match(_PROGRAM, line, "program of ... bytes, versions @...")
    buffers: dict[str, Buffer] = {}
    state: dict[str, str] = {}
    groups: dict[str, int] = {}
    derivations: list[Derivation] = []
    procedures: dict[str, Procedure] = {}
    while lines:
        if lines.starts("derivation "):
            derivations.append(_derivation(lines))
        elif lines.starts("procedure "):
            procedure = _procedure(lines)
            procedures[procedure.name] = procedure
        else:
            with lines.take() as line:
                if found := _HOLDS.fullmatch(line):
                    state[read_name(found["name"])] = read_name(found["buffer"])
                    groups[read_name(found["name"])] = int(found["group"])
                else:
                    buffer = _buffer(match(_MEMORY, line, "a buffer, a derivation or a procedure"))
                    buffers[buffer.name] = buffer
    return Program(
        buffers, procedures, tuple(derivations), state, groups, int(header["bytes"]), int(header["versions"])
    )


def _buffer(found: re.Match[str]) -> Buffer:
    type = Reader(read_sizes(found["where"])).type(found["type"])
    count, rest = divmod(int(found["bytes"]), item_bytes(type.dtype))
    if rest:
        raise ValueError(f"expected whole elements of {type.dtype}, got {found['bytes']} bytes")
    return Buffer(read_name(found["name"]), type, found["space"], count, int(found["offset"]))


def _derivation(lines: Lines) -> Derivation:
    with lines.take() as line:
        header = match(_DERIVATION, line, "derivation number of groups ...: buffer, ...")
        groups = tuple(int(group) for group in header["groups"].split(", ") if group)
        buffers = tuple(read_name(name) for name in re.findall(NAME_TEXT, header["buffers"] or ""))
    kernels: list[Kernel] = []
    while lines.starts("kernel "):
        kernels.append(_kernel(lines, {}))
    return Derivation(tuple(kernels), buffers, groups)


STEPS = ("kernel ", "loop ", "branch ")


def _step(lines: Lines, sizes: Mapping[str, dims.DimLike]) -> Step:
    if lines.starts("kernel "):
        return _kernel(lines, sizes)
    with lines.take() as line:
        if found := _BRANCH.fullmatch(line):
            yes, _, _ = _steps(lines, sizes, "else")
            no, _, _ = _steps(lines, sizes, "end")
            return Branch(read_name(found["name"]), read_name(found["buffer"]), yes, no)
        found = match(_LOOP, line, "a kernel, a branch, or loop name: low <= index <= high, extent ...")
        index = read_sizes(found["size"])
        extent = Reader(sizes).dim(read_expression(found["extent"]))
        ((size,),) = (dims.sizes(each) for each in index.values())
    carries: list[str] = []
    while lines.starts("carry "):
        with lines.take() as line:
            carries.append(read_name(match(_CARRY, line, "a carry")["buffer"]))
    steps, guard, after = _steps(lines, {**sizes, **index}, "end")
    return Loop(
        read_name(found["name"]), size, extent, steps, tuple(carries), found["reverse"] is not None, guard, after
    )


def _steps(lines: Lines, sizes: Mapping[str, dims.DimLike], end: str) -> tuple[tuple[Step, ...], str, int]:
    """The steps up to the line `end`, with the guard among them and after which step it stands."""
    steps: list[Step] = []
    guard, after = "", -1
    while lines and not lines.is_next(end):
        if lines.starts(*STEPS):
            steps.append(_step(lines, sizes))
            continue
        with lines.take() as line:
            guard, after = read_name(match(_UNLESS, line, f"a step, a guard or {end!r}")["buffer"]), len(steps) - 1
    lines.take()
    return tuple(steps), guard, after


def _procedure(lines: Lines) -> Procedure:
    with lines.take() as line:
        header = match(_PROCEDURE, line, "procedure name where low <= size <= high, ...")
        sizes = read_sizes(header["where"])
    ports: dict[str, dict[str, str]] = {"input": {}, "output": {}}
    kernels: list[Step] = []
    derivations: list[int] = []
    groups: list[int] = []
    guard, guard_after = "", -1
    while lines and not lines.starts("procedure "):
        if lines.starts(*STEPS):
            kernels.append(_step(lines, sizes))
            continue
        with lines.take() as line:
            if found := _PORT.fullmatch(line):
                ports[found["kind"]][read_name(found["name"])] = read_name(found["buffer"])
            elif found := _USES.fullmatch(line):
                derivations.append(int(found["number"]))
            elif found := _STOP.fullmatch(line):
                guard, guard_after = read_name(found["buffer"]), len(kernels) - 1
            else:
                groups.append(int(match(_WRITES, line, "an input, a kernel, an output, a guard or a group")["group"]))
    opened = [atom for dim in sizes.values() for atom in dims.atoms(dim) if isinstance(atom, dims.Size)]
    return Procedure(
        read_name(header["name"]),
        tuple(opened),
        ports["input"],
        ports["output"],
        tuple(kernels),
        tuple(derivations),
        guard,
        guard_after,
        tuple(groups),
    )
