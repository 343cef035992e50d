"""Is the table of opcodes right and complete? Every row is compared with wasmtime's text format, byte for byte."""

import struct

import pytest
import wasmtime

from fanlight.targets.wasm.assembler import AssemblerError, Module
from fanlight.targets.wasm.opcodes import INSTRUCTIONS, Instruction, ValueType

BYTES = bytes(range(16))
LANES = tuple(range(31, 15, -1))
CONSTANTS = {  # kind of immediate -> (values, text)
    "i32": ((-123456,), "-123456"),
    "i64": ((1 << 40,), str(1 << 40)),
    "f32": ((0.1,), "0.1"),
    "f64": ((-1e-300,), "-1e-300"),
    "v128": ((BYTES,), "i8x16 " + " ".join(map(str, BYTES))),
    "shuffle": (LANES, " ".join(map(str, LANES))),
}
BY_TYPE = [row for row in INSTRUCTIONS.values() if row.parameters is not None]


def engine() -> wasmtime.Engine:
    config = wasmtime.Config()
    config.wasm_simd = config.wasm_relaxed_simd = config.wasm_threads = config.wasm_bulk_memory = True
    return wasmtime.Engine(config)


def is_valid(binary: bytes) -> bool:
    try:
        wasmtime.Module.validate(engine(), binary)
    except wasmtime.WasmtimeError:
        return False
    return True


def immediates_of(row: Instruction) -> tuple[tuple, dict[str, int], str]:
    """Sample immediates of a row: positional, by keyword, and as text."""
    match row.immediates:
        case ():
            return (), {}, ""
        case ("lane", bound):
            return (int(bound) - 1,), {}, str(int(bound) - 1)
        case ("memory", _):
            return (), {"offset": 1000}, "offset=1000"
        case ("memory", _, "lane", bound):
            return (int(bound) - 1,), {"offset": 1000}, f"offset=1000 {int(bound) - 1}"
        case (kind,):
            values, text = CONSTANTS[kind]
            return values, {}, text
        case other:
            raise AssertionError(f"no sample for {other}")


def assemble(row: Instruction, **memory: int) -> bytes:
    module = Module(checked=True)
    module.memory(1, 1)
    function = module.function("f", row.parameters or (), row.results)
    for parameter in function.parameters:
        function.get(parameter)
    values, keywords, _ = immediates_of(row)
    function.emit(row.name, *values, **{**keywords, **memory})
    return module.encode()


def text_of(row: Instruction, extra: str = "") -> str:
    parameters, results = " ".join(row.parameters or ()), " ".join(row.results)
    gets = " ".join(f"local.get {index}" for index in range(len(row.parameters or ())))
    text = immediates_of(row)[2].replace("offset=1000", f"offset=1000 {extra}")
    return f"(module (memory 1 1) (func (param {parameters}) (result {results}) {gets} {row.name} {text}))"


@pytest.mark.parametrize("row", BY_TYPE, ids=lambda row: row.name)
def test_row_equals_the_text_format(row: Instruction) -> None:
    binary = assemble(row)
    assert binary == wasmtime.wat2wasm(text_of(row))
    assert is_valid(binary)


def test_all_rows_compile_in_one_module() -> None:
    module = Module(checked=True)
    module.import_memory("env", "memory", 1, 1, shared=True)
    for row in BY_TYPE:
        function = module.function(row.name, row.parameters or (), row.results, export=True)
        for parameter in function.parameters:
            function.get(parameter)
        values, keywords, _ = immediates_of(row)
        function.emit(row.name, *values, **keywords)
    compiled = wasmtime.Module(engine(), module.encode(names=True))
    assert [export.name for export in compiled.exports] == [row.name for row in BY_TYPE]


def code_is_known(code: bytes) -> bool:
    """Whether wasmtime, with every feature of its default switched on, knows an opcode."""
    body = b"\x00" + code + bytes(40)
    head = bytes.fromhex("0061736d010000000104016000000302010005030100010a")
    try:
        wasmtime.Module.validate(engine(), head + bytes((len(body) + 3, 1, len(body) + 1, 0)) + body)
    except wasmtime.WasmtimeError as error:
        words = ("illegal opcode", "unknown 0x", "feature required", "support is not enabled")
        return not any(word in str(error) for word in words)
    return True


# Exceptions, tail calls, typed references, typed select, tables; passive data segments.
NOT_IN_TABLE = {bytes((number,)) for number in b"\x08\x0a\x12\x13\x14\x15\x18\x1c\x1f\x25\x26"} | {
    b"\xfc\x08",
    b"\xfc\x09",
}


def test_no_instruction_is_missing() -> None:
    def leb(number: int) -> bytes:
        return bytes((number,)) if number < 0x80 else bytes((number & 0x7F | 0x80, number >> 7))

    codes = [bytes((number,)) for number in range(0xC5)]
    codes += [b"\xfc" + leb(number) for number in range(0x0C)]
    codes += [b"\xfd" + leb(number) for number in range(0x114)]
    codes += [b"\xfe" + leb(number) for number in range(0x4F)]
    # Fixed zero bytes follow some opcodes.
    table = {code for code in codes if any(row.code[: len(code)] == code for row in INSTRUCTIONS.values())}
    assert len(table) == len(INSTRUCTIONS)
    known = {code for code in codes if code_is_known(code)}
    assert {code.hex() for code in known - NOT_IN_TABLE} == {code.hex() for code in table}


def test_counts_of_the_standard() -> None:
    def count(*prefixes: int) -> int:
        return sum(row.code[0] in prefixes for row in INSTRUCTIONS.values())

    assert count(*range(0xFC)) == 172 + 5  # the first standard, sign extension
    assert count(0xFC) == 8 + 2
    assert count(0xFD) == 236 + 20  # fixed-width, relaxed
    assert count(0xFE) == 67


@pytest.mark.parametrize("name", ["i32.load8_u", "f32.load", "v128.load", "v128.store64_lane"])
def test_alignment_is_an_exponent_and_natural_unless_given(name: str) -> None:
    row = INSTRUCTIONS[name]
    natural = int(row.immediates[1]).bit_length() - 1
    for align in range(natural + 1):
        assert assemble(row, align=align) == wasmtime.wat2wasm(text_of(row, f"align={1 << align}"))
    assert assemble(row, align=natural) == assemble(row)
    with pytest.raises(AssemblerError, match=f"expected align .* from 0 to {natural}, got {natural + 1}"):
        assemble(row, align=natural + 1)


@pytest.mark.parametrize("offset", [0, 127, 128, 16383, 16384, 2**31, 2**32 - 1])
def test_offsets(offset: int) -> None:
    row = INSTRUCTIONS["f32.load"]
    assert assemble(row, offset=offset) == wasmtime.wat2wasm(text_of(row).replace("offset=1000", f"offset={offset}"))


NUMBERS = [0, 63, 64, -64, -65, 127, 128, 8191, 8192, -8192, -8193, 2**20, 2**31 - 1, -(2**31), 2**32 - 1]
FLOATS = ["0.1", "-0", "inf", "-inf", "nan", "1e-45", "3.4028234663852886e38", "16777217"]


def constants(type_: ValueType, values: list) -> bytes:
    module = Module(checked=True)
    for value in values:
        module.function("f", (), (type_,)).emit(f"{type_}.const", value)
    return module.encode()


def constants_text(type_: str, values: list) -> bytes:
    functions = " ".join(f"(func (result {type_}) {type_}.const {value})" for value in values)
    return wasmtime.wat2wasm(f"(module {functions})")


def test_constants() -> None:
    long = [*NUMBERS, 2**63 - 1, -(2**63), 2**64 - 1, 2**40]
    assert constants("i32", NUMBERS) == constants_text("i32", NUMBERS)
    assert constants("i64", long) == constants_text("i64", long)
    for type_ in ("f32", "f64"):
        assert constants(type_, [float(text) for text in FLOATS]) == constants_text(type_, FLOATS)
    payload = struct.unpack("<d", struct.pack("<Q", 0xFFF8_0000_0000_1234))[0]
    assert constants("f32", [payload]) == constants("f32", [float("nan")])
    assert constants("f64", [payload]) == constants("f64", [float("nan")])
