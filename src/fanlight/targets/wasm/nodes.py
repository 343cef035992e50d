"""Which instructions compute one node of an expression, or load an element? As a scalar, or in four lanes of a v128.

In: resolved nodes, whose parts `push` provides. Out: instructions of one function. What is kept in locals,
`Expressions` decides."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from fanlight.errors import CompileError
from fanlight.ir import dim as dims
from fanlight.ir.dim import Dim, DimLike
from fanlight.ir.kernel import Operand
from fanlight.ir.number import integer_range
from fanlight.ir.scalar import Scalar, const
from fanlight.ir.target import Target
from fanlight.ir.types import item_bytes
from fanlight.targets.wasm.assembler import I32, V128, Function
from fanlight.targets.wasm.integers import Integers, Item
from fanlight.targets.wasm.opcodes import ValueType
from fanlight.targets.wasm.spelling import BITCASTS, CASTS, LOADS, SPELLINGS, SPLATS, VALUE_TYPES, Spelling
from fanlight.targets.wasm.vectorize import stride_along, varies

Place = tuple[int, tuple[DimLike, ...]]  # a slot, and indices into that operand
_UNSPELLED = Spelling(None, None)


def lanes_item(node: Scalar, lane: str | None) -> Item:
    """`node` as it is needed along `lane`: a scalar where that is None, else four lanes, equal if nothing varies."""
    if lane is None:
        return "scalar", node
    return (f"lanes:{lane}", node) if varies(node, lane) else ("splat", node)


def lane_of(item: Item) -> str | None:
    """The axis along which an item has four lanes."""
    return item[0].partition(":")[2] or None


class Nodes(Integers):
    """Emits single nodes. `accumulator` is the local (a v128 in vector forms) that holds the finished reduction."""

    def __init__(
        self,
        function: Function,
        operands: tuple[Operand, ...],
        pointers: Sequence[int],
        sizes: Mapping[str, int],
        target: Target,
    ):
        super().__init__(function, sizes)
        self.operands, self.target = operands, target
        self.accumulator: int | None = None
        self._pointers = {f"%{k}": local for k, local in enumerate(pointers)}
        self._addresses: dict[tuple[Place, frozenset[str]], tuple[DimLike, int]] = {}

    def push(self, item: Item) -> None:
        """Pushes an item: from its local if a scope knows one, else computed here."""
        local = self.known(item)
        if local is not None:
            self.function.get(local)
            return
        kind, what = item
        if not isinstance(what, Scalar):
            self.push_dim(what)
        elif kind == "splat":
            self._push_splat(what)
        else:
            self._push_node(what, lane_of(item))

    def push_side(self, item: Item) -> None:
        """Pushes one side of a guard, inside its branch."""
        raise NotImplementedError(f"{type(self).__name__} has no push_side")

    def push_datum(self, node: Scalar) -> None:
        self.push(("scalar", node))

    def hold(self, item: Item) -> int:
        """Computes `item` into a local of the current scope."""
        self.push(item)
        local = self.function.local(self.type_of(item))
        self.function.set(local)
        self.keep(item, local)
        return local

    def type_of(self, item: Item) -> ValueType:
        kind, what = item
        if not isinstance(what, Scalar):
            return I32
        return VALUE_TYPES[what.dtype] if kind == "scalar" else V128

    # Addresses

    def address_of(self, place: Place) -> tuple[DimLike, int]:
        """The address of an element: a dim to compute, and a constant that fits the offset of a load or store.

        An offset is added without wrapping, so what comes before it must not be negative."""
        key = place, self.numbers
        if key not in self._addresses:
            self._addresses[key] = self._address_of(place)
        return self._addresses[key]

    def _address_of(self, place: Place) -> tuple[DimLike, int]:
        slot, indices = place
        operand = self.operands[slot]
        total = self.at_first_lane(operand.layout.address(indices)) * item_bytes(operand.type.dtype)
        constant = total if isinstance(total, int) else dict(total.terms).get((), 0)
        offset = constant if constant >= 0 and dims.bounds(total - constant)[0] >= 0 else 0
        return dims.size(f"%{slot}", 0) + (total - offset), offset

    def lane_addresses(self, place: Place, lane: str | None) -> list[tuple[DimLike, int]]:
        """One address where the elements lie in a row (the lowest one), else one for each lane."""
        slot, indices = place
        first = self.address_of(place)
        if lane is None:
            return [first]
        stride = stride_along(self.operands[slot], indices, lane)
        if not isinstance(stride, int):
            raise CompileError(
                "vector access", expected=f"a constant stride along {lane!r}", got=stride, at=self.function.name
            )
        if stride in (0, 1):
            return [first]
        lanes = [self.address_of((slot, tuple(_ahead(i, lane, k) for i in indices))) for k in range(4)]
        return [lanes[3]] if stride == -1 else lanes

    # One node

    def _spell(self, text: str | None, node: Scalar) -> None:
        if text is None:
            got = f"{node.op} of {', '.join(a.dtype for a in node.args) or node.dtype}"
            raise CompileError(
                "scalar expression",
                expected="a row that the target spells",
                got=got,
                at=self.function.name,
                do="decompose it first",
            )
        for instruction in text.split("; ") if text else ():
            name, *immediates = instruction.split()
            self.function.emit(name, *map(int, immediates))

    def _push_const(self, node: Scalar) -> None:
        type_ = VALUE_TYPES[node.dtype]
        self.function.emit(f"{type_}.const", float(node.attribute) if type_ == "f32" else int(node.attribute))

    def _push_splat(self, node: Scalar) -> None:
        function = self.function
        if node.op == "read" and item_bytes(node.dtype) == 4:
            address, offset = self.address_of(node.attribute)
            self.push(("dim", address))
            function.emit("v128.load32_splat", offset=offset)
            return
        if node.dtype == "bool":
            function.const(0)
        self.push(("scalar", node))
        if node.dtype == "bool":
            function.emit("i32.sub")
        function.emit(SPLATS[node.dtype])

    def _push_node(self, node: Scalar, lane: str | None) -> None:
        function, op = self.function, node.op
        vector = lane is not None
        if op == "const":
            self._push_const(node)
        elif op == "accumulator":
            if node.attribute is None:
                raise CompileError(
                    "scalar expression", expected="a finished reduction", got="accumulator", at=function.name
                )
            function.get(node.attribute)
        elif op == "index":
            self._push_index(node.attribute, lane)
        elif op == "read":
            self._push_read(node, lane)
        elif op == "guard" and not (vector and varies(node.args[0], lane)):
            self.push(("scalar", node.args[0]))
            with function.if_(self.type_of(lanes_item(node, lane))):
                self.push_side(lanes_item(node.args[1], lane))
                function.else_()
                self.push_side(lanes_item(node.args[2], lane))
        elif op in ("select", "guard"):
            for k in (1, 2, 0):
                self.push(lanes_item(node.args[k], lane))
            function.emit("v128.bitselect" if vector else "select")
        elif vector and (clamped := bytes_of(node)):
            self._push_bytes(node, lane, *clamped)
        elif op in ("cast", "bitcast"):
            self.push(lanes_item(node.args[0], lane))
            spelling = (CASTS if op == "cast" else BITCASTS).get((node.args[0].dtype, node.dtype), _UNSPELLED)
            self._spell(spelling.vector if vector else spelling.scalar, node)
        else:
            self._push_row(node, lane)

    def _push_bytes(self, node: Scalar, lane: str, source: Scalar, low: Scalar, high: Scalar) -> None:
        """Four floats as bytes, or as the floats that these are: moved into the range first, and NaN to 0. `a < b ? b :
        a` is one instruction, where f32x4.max takes eight on x86; so is a conversion of what is known to fit."""
        function = self.function
        from_zero = low.attribute == 0  # then NaN becomes `low`, if it stands on the right; else it is kept for the end
        items = (("splat", low), lanes_item(source, lane))
        for item in items if from_zero else items[::-1]:
            self.push(item)
        function.emit("f32x4.pmax")
        self.push(("splat", high))
        function.emit("f32x4.pmin")
        if node.dtype == "float32":
            if not is_whole(source):
                function.emit("f32x4.trunc")
            return
        relaxed = from_zero and self.target.fused
        function.emit("i32x4.relaxed_trunc_f32x4_s" if relaxed else "i32x4.trunc_sat_f32x4_s")

    def _push_row(self, node: Scalar, lane: str | None) -> None:
        dtype = node.args[0].dtype
        if lane is not None and dtype == "float32" and (self._push_fused(node, lane) or self._push_bound(node, lane)):
            return
        if lane is None and node.op in ("min", "max", "abs") and SPELLINGS[node.op, dtype].scalar is None:
            self._push_choice(node)
            return
        if node.op == "quotient" and dtype in ("int32", "int64") and node.args[1].op != "const":
            self._push_quotient(node)
            return
        for position, argument in enumerate(node.args):
            is_count = position == 1 and node.op in ("shift_left", "shift_right")
            self.push(lanes_item(argument, None if is_count else lane))
        spelling = SPELLINGS.get((node.op, dtype), _UNSPELLED)
        self._spell(spelling.scalar if lane is None else spelling.vector, node)

    def _push_choice(self, node: Scalar) -> None:
        """min, max and abs of integers: WebAssembly has them for vectors only."""
        function, type_ = self.function, VALUE_TYPES[node.dtype]
        sign = "u" if node.dtype.startswith("u") else "s"
        a, b = function.local(type_), function.local(type_)
        self.push(("scalar", node.args[0]))
        function.tee(a)
        if node.op == "abs":  # x > -x ? x : -x
            function.emit(f"{type_}.const", 0)
            function.get(a)
            function.emit(f"{type_}.sub")
        else:
            self.push(("scalar", node.args[1]))
        function.tee(b)
        function.get(a)
        function.get(b)
        function.emit(f"{type_}.{'lt' if node.op == 'min' else 'gt'}_{sign}")
        function.emit("select")
        if node.op == "abs" and node.dtype == "int8":  # of -128 itself
            function.emit("i32.extend8_s")
        function.release(a)
        function.release(b)

    def _push_quotient(self, node: Scalar) -> None:
        """The smallest integer divided by -1 traps; as everywhere else, the result is to wrap."""
        function, type_ = self.function, VALUE_TYPES[node.dtype]
        a, b = function.local(type_), function.local(type_)
        for local, argument in zip((a, b), node.args, strict=True):
            self.push(("scalar", argument))
            function.set(local)
        function.get(b)
        function.emit(f"{type_}.const", -1)
        function.emit(f"{type_}.eq")
        with function.if_(type_):
            function.emit(f"{type_}.const", 0)
            function.get(a)
            function.emit(f"{type_}.sub")
            function.else_()
            function.get(a)
            function.get(b)
            function.emit(f"{type_}.div_s")
        function.release(a)
        function.release(b)

    def _push_fused(self, node: Scalar, lane: str) -> bool:
        """`a*b + c` and `c - a*b` as one instruction, unless the product is needed elsewhere too."""
        if not self.target.fused or node.op not in ("add", "sub"):
            return False
        for product, other in ((node.args[0], node.args[1]), (node.args[1], node.args[0])):
            is_free = product.op == "mul" and varies(product, lane) and self.known(lanes_item(product, lane)) is None
            if is_free and (node.op == "add" or product is node.args[1]):
                for each in (*product.args, other):
                    self.push(lanes_item(each, lane))
                self.function.emit("f32x4.relaxed_madd" if node.op == "add" else "f32x4.relaxed_nmadd")
                return True
        return False

    def _push_bound(self, node: Scalar, lane: str) -> bool:
        """min and max with a constant: `x < c ? c : x` is one instruction, where f32x4.max takes eight on x86.

        It keeps a NaN in x, as the row asks. Only max(-0, +0) differs, and adding +0 turns -0 into +0."""
        if node.op not in ("min", "max"):
            return False
        x, c = node.args if node.args[1].op == "const" else node.args[::-1]
        if c.op != "const" or math.isnan(c.attribute):
            return False
        is_zero, is_negative = c.attribute == 0, math.copysign(1, c.attribute) < 0
        if node.op == "min" and is_zero and is_negative:
            return False
        self.push(lanes_item(x, lane))
        self.push(("splat", c))
        self.function.emit("f32x4.pmin" if node.op == "min" else "f32x4.pmax")
        if node.op == "max" and is_zero and not is_negative:
            self.push(("splat", c))
            self.function.emit("f32x4.add")
        return True

    def _push_index(self, dim: DimLike, lane: str | None) -> None:
        self.push(("dim", self.at_first_lane(dim)))
        if lane is None:
            return
        step = dims.coefficient(dim, lane)
        if step is None:
            raise CompileError(
                "vector index", expected=f"an affine function of {lane!r}", got=dim, at=self.function.name
            )
        function = self.function
        function.emit("i32x4.splat")
        scale = step if isinstance(step, int) else 1
        function.emit("v128.const", b"".join((k * scale % (1 << 32)).to_bytes(4, "little") for k in range(4)))
        if not isinstance(step, int):
            self.push(("dim", step))
            function.emit("i32x4.splat")
            function.emit("i32x4.mul")
        function.emit("i32x4.add")

    def _push_read(self, node: Scalar, lane: str | None) -> None:
        function, dtype = self.function, node.dtype
        addresses = self.lane_addresses(node.attribute, lane)
        address, offset = addresses[0]
        self.push(("dim", address))
        if lane is None:
            function.emit(LOADS[dtype], offset=offset)
            return
        stride = stride_along(self.operands[node.attribute[0]], node.attribute[1], lane)
        size = item_bytes(dtype)
        bits, small = 8 * size, size < 4
        if size == 2 and stride == 1:
            function.emit("v128.load16x4_s", offset=offset, align=1)
            return
        if len(addresses) > 1:
            function.emit(f"v128.load{bits}_splat", offset=offset)
            local = function.local(V128)
            for k, (address, offset) in enumerate(addresses[1:], 1):
                function.set(local)
                self.push(("dim", address))
                function.get(local)
                function.emit(f"v128.load{bits}_lane", k, offset=offset)
            function.release(local)
        elif stride == 0:
            function.emit(f"v128.load{bits}_splat", offset=offset)
        else:
            function.emit(f"v128.load{4 * bits}_zero" if small else "v128.load", offset=offset)
        if small:
            sign = "s" if dtype.startswith("int") else "u"
            if size == 1:
                function.emit(f"i16x8.extend_low_i8x16_{sign}")
            function.emit(f"i32x4.extend_low_i16x8_{sign}")
        if dtype == "bool":
            function.emit("i32x4.neg")
        if stride == -1:
            local = function.local(V128)
            function.tee(local)
            function.get(local)
            function.emit("i8x16.shuffle", *(4 * k + byte for k in (3, 2, 1, 0) for byte in range(4)))
            function.release(local)


def bytes_of(node: Scalar) -> tuple[Scalar, Scalar, Scalar] | None:
    """Where a node casts floats to bytes, or to uint8 and back: the floats, and the range as floats."""
    if node.op != "cast":
        return None
    (source,) = node.args
    if node.dtype == "float32" and source.op == "cast" and source.dtype == "uint8":
        node, (source,) = source, source.args
    if source.dtype != "float32" or node.dtype not in ("uint8", "int8"):
        return None
    low, high = integer_range(node.dtype)
    return source, const(low), const(high)


def is_whole(node: Scalar) -> bool:
    """Is a float certainly a whole number, an infinity or NaN?"""
    if node.op == "const":
        return not math.isfinite(node.attribute) or node.attribute.is_integer()
    if node.op in ("add", "sub", "min", "max"):
        return all(map(is_whole, node.args))
    return node.op in ("nearest", "floor", "ceil", "trunc")


def _ahead(dim: DimLike, lane: str, steps: int) -> DimLike:
    """`dim` where `lane` is `steps` further."""
    return dims.substitute(
        dim, lambda atom: Dim.of(atom) + steps if isinstance(atom, dims.Size) and atom.name == lane else None
    )
