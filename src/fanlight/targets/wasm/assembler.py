"""Which bytes make a WebAssembly module? Functions are emitted one instruction at a time, then the module is encoded.

In: calls of Module and Function methods. Out: the binary module. Indices are fixed when their object is created, and
bodies are bytes as soon as they are emitted. It knows no kernel and checks operand types only on request.
"""

from collections.abc import Iterable, Sequence
from itertools import groupby
from types import TracebackType
from typing import Any, Final

from fanlight.targets.wasm.encoding import (
    ENCODERS,
    PLAIN_CODES,
    VALUE_TYPE_CODES,
    integer,
    string,
    unsigned,
    value_types,
    vector,
)
from fanlight.targets.wasm.opcodes import INSTRUCTIONS, ValueType
from fanlight.targets.wasm.operand_stack import OperandStack, Signature

I32: Final[ValueType] = "i32"
I64: Final[ValueType] = "i64"
F32: Final[ValueType] = "f32"
F64: Final[ValueType] = "f64"
V128: Final[ValueType] = "v128"

_END: Final = INSTRUCTIONS["end"].code
_FUNCTION, _MEMORY, _GLOBAL = 0, 2, 3  # what an import or an export is


class AssemblerError(ValueError):
    """A module that cannot be written as asked: says what was expected, in which function, at which instruction."""


class Label:
    """A block, loop or if; as a context manager it opens and closes it. Branches name it while it is open."""

    __slots__ = ("depth", "function", "has_else", "kind", "result")

    def __init__(self, function: "Function", kind: str, result: ValueType | None) -> None:
        self.function, self.kind = function, kind
        self.result: ValueType | None = result
        self.depth = -1  # while it is not open
        self.has_else = False

    def __enter__(self) -> "Label":
        self.function._open(self)
        return self

    def __exit__(
        self, error: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            self.function._close(self)


class Function:
    """A function being written. `index` never changes; `parameters` are the local indices of its parameters."""

    __slots__ = ("_free", "_labels", "_stack", "_types", "body", "index", "module", "name", "parameters", "results")

    def __init__(
        self, module: "Module", name: str, index: int, parameters: tuple[ValueType, ...], results: tuple[ValueType, ...]
    ) -> None:
        self.module, self.name, self.index, self.results = module, name, index, results
        self.parameters = tuple(range(len(parameters)))
        self.body = bytearray()
        self._types: list[ValueType] = list(parameters)
        self._free: dict[ValueType, list[int]] = {}
        self._labels: list[Label] = []
        self._stack = module._operand_stack(results, self._types)

    def emit(self, name: str, *immediates: Any, offset: int = 0, align: int | None = None) -> None:
        """Append one instruction. `align` is the base-2 logarithm of bytes, as in the binary format; None: natural."""
        try:
            code = PLAIN_CODES.get(name)
            if code is None:
                code = ENCODERS[name](immediates, offset, align)
            elif immediates or offset or align is not None:
                raise ValueError(f"expected no immediates, got {immediates}, offset {offset}, align {align}")
            if self._stack is not None:
                self._stack.apply(name, immediates)
        except KeyError:
            raise self._error("expected an instruction of the table of opcodes", name) from None
        except (ValueError, TypeError, ArithmeticError) as error:
            raise self._error(str(error), name) from None
        self.body += code

    def get(self, local: int) -> None:
        """local.get"""
        self.emit("local.get", local)

    def set(self, local: int) -> None:
        """local.set"""
        self.emit("local.set", local)

    def tee(self, local: int) -> None:
        """local.tee"""
        self.emit("local.tee", local)

    def const(self, value: int) -> None:
        """i32.const"""
        self.emit("i32.const", value)

    def local(self, type_: ValueType) -> int:
        """A local of that type: a released one, which keeps its last value, else a new one, which is zero."""
        if type_ not in VALUE_TYPE_CODES:
            raise self._error(f"expected a type of {', '.join(VALUE_TYPE_CODES)}, got {type_!r}", "local")
        if free := self._free.get(type_):
            return free.pop()
        self._types.append(type_)
        return len(self._types) - 1

    def release(self, local: int) -> None:
        """Let a later `local` of the same type reuse this one."""
        if not 0 <= local < len(self._types):
            raise self._error(f"expected a local below {len(self._types)}, got {local}", "release")
        free = self._free.setdefault(self._types[local], [])
        if local in free:
            raise self._error(f"expected a local in use, got {local}, released before", "release")
        free.append(local)

    def block(self, result: ValueType | None = None) -> Label:
        """A block; a branch to it goes to its end."""
        return Label(self, "block", result)

    def loop(self, result: ValueType | None = None) -> Label:
        """A loop; a branch to it goes to its start, falling off its end leaves it."""
        return Label(self, "loop", result)

    def if_(self, result: ValueType | None = None) -> Label:
        """An if over the i32 on the stack; a branch to it goes to its end."""
        return Label(self, "if", result)

    def else_(self) -> None:
        """The second branch of the innermost if."""
        label = self._labels[-1] if self._labels else None
        if label is None or label.kind != "if" or label.has_else:
            raise self._error("expected inside an if without else", "else")
        self._check(lambda stack: stack.otherwise(), "else")
        label.has_else = True
        self.body += INSTRUCTIONS["else"].code

    def branch(self, label: Label) -> None:
        """br"""
        self.emit("br", self._relative_depth(label, "br"))

    def branch_if(self, label: Label) -> None:
        """br_if, on the i32 on the stack"""
        self.emit("br_if", self._relative_depth(label, "br_if"))

    def branch_table(self, labels: Iterable[Label], default: Label) -> None:
        """br_table, by the i32 on the stack"""
        self.emit("br_table", *(self._relative_depth(label, "br_table") for label in (*labels, default)))

    def call(self, target: "Function | int") -> None:
        """call, of a function or an index (of an imported function)"""
        if isinstance(target, Function):
            if target.module is not self.module:
                raise self._error(f'expected a function of this module, got "{target.name}" of another', "call")
            target = target.index
        self.emit("call", target)

    def call_indirect(self, parameters: Sequence[ValueType] = (), results: Sequence[ValueType] = ()) -> None:
        """call_indirect, of the entry of the module's table given by the i32 on the stack"""
        self.emit("call_indirect", self.module._type_index((tuple(parameters), tuple(results))), 0)

    def key(self) -> bytes:
        """Signature, locals and body: functions of a module with equal keys do the same. See Module.discard."""
        types = tuple(self._types)
        return value_types(types[: len(self.parameters)]) + value_types(self.results) + self.encode()

    def encode(self) -> bytes:
        """Locals and body, as in the code section."""
        if self._labels:
            kinds = " ".join(label.kind for label in self._labels)
            raise self._error(f"expected every block closed, got open: {kinds}", "end")
        self._check(lambda stack: stack.check_end(), "end")
        runs = groupby(self._types[len(self.parameters) :])
        local_types = [unsigned(len(list(run))) + bytes((VALUE_TYPE_CODES[type_],)) for type_, run in runs]
        return vector(local_types) + self.body + _END

    def _open(self, label: Label) -> None:
        if label.depth >= 0:
            raise self._error("expected a new label, got one that is open", label.kind)
        results = () if label.result is None else (label.result,)
        self._check(lambda stack: stack.open(label.kind, results), label.kind)
        label.depth = len(self._labels)
        self._labels.append(label)
        block_type = 0x40 if label.result is None else VALUE_TYPE_CODES[label.result]
        self.body += INSTRUCTIONS[label.kind].code + bytes((block_type,))

    def _close(self, label: Label) -> None:
        if not self._labels or self._labels[-1] is not label:
            raise self._error(f"expected the innermost block closed first, got the end of an outer {label.kind}", "end")
        if label.kind == "if" and label.result is not None and not label.has_else:
            raise self._error(f"expected an else, as the if leaves {label.result}", "end")
        self._check(lambda stack: stack.close(), "end")
        self._labels.pop()
        label.depth = -1
        self.body += _END

    def _relative_depth(self, label: Label, instruction: str) -> int:
        labels = self._labels
        if not 0 <= label.depth < len(labels) or labels[label.depth] is not label:
            raise self._error(f"expected an open label of this function, got another {label.kind}", instruction)
        return len(labels) - 1 - label.depth

    def _check(self, step: Any, instruction: str) -> None:
        if self._stack is not None:
            try:
                step(self._stack)
            except ValueError as error:
                raise self._error(str(error), instruction) from None

    def _error(self, problem: str, instruction: str) -> AssemblerError:
        return AssemblerError(f'{problem}, at "{instruction}", byte {len(self.body)} of function "{self.name}"')


class Module:
    """A module being written: at most one memory and one table. `checked` validates operand types while emitting."""

    def __init__(self, checked: bool = False) -> None:
        self.functions: list[Function] = []
        self._checked = checked
        self._types: list[Signature] = []
        self._type_indices: dict[Signature, int] = {}
        self._imports: list[bytes] = []
        self._imported_names: list[str] = []
        self._signatures: list[Signature] = []
        self._memory: bytes | None = None
        self._has_memory = False
        self._table: list[int] | None = None
        self._global_types: list[tuple[ValueType, bool]] = []
        self._globals: list[bytes] = []
        self._exports: dict[str, bytes] = {}
        self._data: list[bytes] = []
        self._customs: list[bytes] = []

    def import_function(
        self, module: str, name: str, parameters: Sequence[ValueType] = (), results: Sequence[ValueType] = ()
    ) -> int:
        """Import a function; returns its index. Imports come before the first own function."""
        if self.functions:
            after = self.functions[0].name
            raise AssemblerError(f'expected imports before functions, got import "{module}.{name}" after "{after}"')
        signature = tuple(parameters), tuple(results)
        kind = bytes((_FUNCTION,)) + unsigned(self._type_index(signature))
        self._imports.append(string(module) + string(name) + kind)
        self._imported_names.append(f"{module}.{name}")
        self._signatures.append(signature)
        return len(self._signatures) - 1

    def import_memory(
        self, module: str, name: str, minimum: int, maximum: int | None = None, shared: bool = False
    ) -> None:
        """Import the memory; sizes in pages of 64 KiB."""
        limits = self._memory_limits(minimum, maximum, shared)
        self._imports.append(string(module) + string(name) + bytes((_MEMORY,)) + limits)

    def memory(self, minimum: int, maximum: int | None = None, shared: bool = False, export: str | None = None) -> None:
        """Define the memory; sizes in pages of 64 KiB."""
        self._memory = self._memory_limits(minimum, maximum, shared)
        if export is not None:
            self._export(export, _MEMORY, 0)

    def global_i32(self, value: int, mutable: bool = True, export: str | None = None) -> int:
        """Define a global; returns its index."""
        self._global_types.append((I32, mutable))
        self._globals.append(bytes((VALUE_TYPE_CODES[I32], mutable)) + _constant(value))
        if export is not None:
            self._export(export, _GLOBAL, len(self._globals) - 1)
        return len(self._globals) - 1

    def function(
        self,
        name: str,
        parameters: Sequence[ValueType] = (),
        results: Sequence[ValueType] = (),
        export: bool = False,
    ) -> Function:
        """Begin a function; `export` makes it callable from outside under its name."""
        signature = tuple(parameters), tuple(results)
        self._type_index(signature)
        index = len(self._signatures)
        if export:
            self._export(name, _FUNCTION, index)
        self._signatures.append(signature)
        self.functions.append(Function(self, name, index, *signature))
        return self.functions[-1]

    def copy(self, source: Function) -> Function:
        """A function of another module, which must have the same globals and call nothing, in this one too."""
        parameters = tuple(source._types[: len(source.parameters)])
        function = self.function(source.name, parameters, source.results)
        function.body, function._types = source.body, source._types
        return function

    def discard(self, function: Function) -> None:
        """Forget the function made last, for a caller that found an earlier one with the same key to call instead."""
        if not self.functions or self.functions[-1] is not function:
            raise AssemblerError(f'expected the function made last, got "{function.name}", at discard')
        exported = bytes((_FUNCTION,)) + unsigned(function.index)
        self._exports = {name: entry for name, entry in self._exports.items() if entry != exported}
        self.functions.pop()
        self._signatures.pop()

    def table(self, functions: Iterable[Function | int]) -> None:
        """Define the table that call_indirect reads, with these entries."""
        if self._table is not None:
            raise AssemblerError("expected one table, got a second, at table")
        self._table = [entry.index if isinstance(entry, Function) else entry for entry in functions]

    def data(self, offset: int, data: bytes) -> None:
        """Bytes written to memory at every instantiation: also over a shared memory that other threads already use."""
        self._data.append(b"\x00" + _constant(offset) + unsigned(len(data)) + data)

    def custom(self, name: str, data: bytes) -> None:
        """A custom section, at the end of the module."""
        self._customs.append(string(name) + data)

    def encode(self, names: bool = False) -> bytes:
        """The binary module; `names` adds the function names that debuggers and profilers show."""
        if self._data and not self._has_memory:
            raise AssemblerError("expected a memory, got data segments without one, at encode")
        types = [b"\x60" + value_types(parameters) + value_types(results) for parameters, results in self._types]
        own = self._signatures[len(self._imported_names) :]
        tables, elements = [], []
        if self._table is not None:
            size = unsigned(len(self._table))
            tables = [b"\x70\x01" + size + size]
            elements = [b"\x00" + _constant(0) + vector([unsigned(index) for index in self._table])]
        codes = [function.encode() for function in self.functions]
        customs = [*self._customs, *([self._names()] if names else [])]
        sections = (
            (1, types),
            (2, self._imports),
            (3, [unsigned(self._type_indices[signature]) for signature in own]),
            (4, tables),
            (5, [] if self._memory is None else [self._memory]),
            (6, self._globals),
            (7, [string(name) + entry for name, entry in self._exports.items()]),
            (9, elements),
            (10, [unsigned(len(code)) + code for code in codes]),
            (11, self._data),
        )
        parts = [b"\x00asm\x01\x00\x00\x00"]
        parts += [_section(number, vector(items)) for number, items in sections if items]
        parts += [_section(0, custom) for custom in customs]
        return b"".join(parts)

    def _names(self) -> bytes:
        names = [*self._imported_names, *(function.name for function in self.functions)]
        return string("name") + _section(1, vector([unsigned(i) + string(n) for i, n in enumerate(names)]))

    def _memory_limits(self, minimum: int, maximum: int | None, shared: bool) -> bytes:
        if self._has_memory:
            raise AssemblerError("expected one memory, got a second")
        if shared and maximum is None:
            raise AssemblerError("expected a maximum for shared memory, got none")
        if not 0 <= minimum <= (minimum if maximum is None else maximum) <= 1 << 16:
            raise AssemblerError(f"expected 0 <= minimum <= maximum <= 65536 pages, got {minimum} and {maximum}")
        self._has_memory = True
        if maximum is None:
            return b"\x00" + unsigned(minimum)
        return (b"\x03" if shared else b"\x01") + unsigned(minimum) + unsigned(maximum)

    def _export(self, name: str, kind: int, index: int) -> None:
        if name in self._exports:
            raise AssemblerError(f'expected a new export name, got "{name}" twice')
        self._exports[name] = bytes((kind,)) + unsigned(index)

    def _type_index(self, signature: Signature) -> int:
        index = self._type_indices.get(signature)
        if index is None:
            index = self._type_indices[signature] = len(self._types)
            self._types.append(signature)
        return index

    def _operand_stack(self, results: tuple[ValueType, ...], local_types: list[ValueType]) -> OperandStack | None:
        if not self._checked:
            return None
        return OperandStack(results, local_types, self._global_types, self._signatures, self._types)


def _constant(value: int) -> bytes:
    try:
        return INSTRUCTIONS["i32.const"].code + integer(value, 32) + _END
    except ValueError as error:
        raise AssemblerError(f"{error}, at the value of a global or the offset of data") from None


def _section(number: int, payload: bytes) -> bytes:
    return bytes((number,)) + unsigned(len(payload)) + payload
