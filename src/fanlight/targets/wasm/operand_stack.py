"""Do the types on the operand stack fit each instruction? The validation algorithm of the specification, appendix A.3.

In: the instructions of one function as they are emitted (Module(checked=True)). Out: a ValueError at the first misfit.
It checks types, indices and label depths; alignments, lanes and constants are the encoders' matter.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from fanlight.targets.wasm.opcodes import INSTRUCTIONS, ValueType

Types = tuple[ValueType, ...]
Signature = tuple[Types, Types]
Item = TypeVar("Item")


@dataclass
class Frame:
    """One open block: its kind, its results, where its operands begin, whether the code here can be reached."""

    kind: str
    results: Types
    height: int
    reachable: bool = True

    @property
    def label_types(self) -> Types:
        """What a branch to it takes along: a loop is entered anew, without parameters."""
        return () if self.kind == "loop" else self.results


class OperandStack:
    """The types of the operands while a function is emitted. The sequences given may grow meanwhile."""

    def __init__(
        self,
        results: Types,
        local_types: Sequence[ValueType],
        global_types: Sequence[tuple[ValueType, bool]],
        signatures: Sequence[Signature],
        types: Sequence[Signature],
    ) -> None:
        self._locals, self._globals = local_types, global_types
        self._signatures, self._types = signatures, types
        # None is a value of any type, which unreachable code may pop.
        self._values: list[ValueType | None] = []
        self._frames = [Frame("function", results, 0)]

    def apply(self, name: str, immediates: tuple[Any, ...]) -> None:
        """Pop and push what the instruction takes and leaves."""
        row = INSTRUCTIONS[name]
        if row.parameters is not None:
            self._pop_all(row.parameters)
            self._values.extend(row.results)
            return
        match name:
            case "local.get":
                self._values.append(self._at(self._locals, immediates[0], "local"))
            case "local.set":
                self._pop(self._at(self._locals, immediates[0], "local"))
            case "local.tee":
                self._pop(type_ := self._at(self._locals, immediates[0], "local"))
                self._values.append(type_)
            case "global.get":
                self._values.append(self._at(self._globals, immediates[0], "global")[0])
            case "global.set":
                type_, mutable = self._at(self._globals, immediates[0], "global")
                if not mutable:
                    raise ValueError(f"expected a mutable global, got global {immediates[0]}")
                self._pop(type_)
            case "drop":
                self._pop(None)
            case "select":
                self._pop("i32")
                self._values.append(self._pop(self._pop(None)))
            case "call":
                self._apply_signature(self._at(self._signatures, immediates[0], "function"))
            case "call_indirect":
                self._pop("i32")
                self._apply_signature(self._at(self._types, immediates[0], "type"))
            case "br_if":
                self._pop("i32")
                types = self._label_types(immediates[0])
                self._pop_all(types)
                self._values.extend(types)
            case "br":
                self._pop_all(self._label_types(immediates[0]))
                self._leave()
            case "br_table":
                self._pop("i32")
                before, arities = self._values.copy(), set()
                for depth in immediates:
                    types = self._label_types(depth)
                    arities.add(len(types))
                    self._pop_all(types)
                    self._values = before.copy()
                if len(arities) > 1:
                    raise ValueError(f"expected labels that take equally many operands, got {sorted(arities)}")
                self._leave()
            case "return":
                self._pop_all(self._frames[0].results)
                self._leave()
            case "unreachable":
                self._leave()
            case _:
                raise ValueError(f"expected an instruction with a known effect on the operand stack, got {name}")

    def open(self, kind: str, results: Types) -> None:
        """Begin a block, loop or if."""
        if kind == "if":
            self._pop("i32")
        self._frames.append(Frame(kind, results, len(self._values)))

    def otherwise(self) -> None:
        """From the first to the second branch of an if."""
        self.check_end()
        frame = self._frames[-1]
        del self._values[frame.height :]
        frame.reachable = True

    def close(self) -> None:
        """End the innermost block: its results go to the block around it."""
        self.check_end()
        frame = self._frames.pop()
        del self._values[frame.height :]
        self._values.extend(frame.results)

    def check_end(self) -> None:
        """Raise unless the operands are exactly the results of the innermost block."""
        frame, before = self._frames[-1], self._values.copy()
        self._pop_all(frame.results)
        if len(self._values) > frame.height:
            got = self._show(before[frame.height :])
            raise ValueError(f"expected {self._show(frame.results)} at the end of the {frame.kind}, got {got}")
        self._values = before

    def _label_types(self, depth: int) -> Types:
        return self._at(self._frames[::-1], depth, "label depth").label_types

    def _apply_signature(self, signature: Signature) -> None:
        self._pop_all(signature[0])
        self._values.extend(signature[1])

    def _leave(self) -> None:
        """What follows is unreachable: any operand may be popped."""
        frame = self._frames[-1]
        del self._values[frame.height :]
        frame.reachable = False

    def _pop_all(self, types: Types) -> None:
        for type_ in reversed(types):
            self._pop(type_)

    def _pop(self, expected: ValueType | None) -> ValueType | None:
        frame = self._frames[-1]
        if len(self._values) == frame.height:
            if frame.reachable:
                raise ValueError(f"expected {expected or 'an operand'} on the operand stack, got nothing")
            return expected
        actual = self._values.pop()
        if actual is not None and expected is not None and actual != expected:
            raise ValueError(f"expected {expected} on the operand stack, got {actual}")
        return actual or expected

    @staticmethod
    def _at(sequence: Sequence[Item], index: int, what: str) -> Item:
        if not 0 <= index < len(sequence):
            raise ValueError(f"expected a {what} below {len(sequence)}, got {index}")
        return sequence[index]

    @staticmethod
    def _show(types: Iterable[ValueType | None]) -> str:
        return " ".join(type_ or "any" for type_ in types) or "nothing"
