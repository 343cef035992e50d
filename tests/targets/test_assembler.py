"""Does the assembler write whole modules as the standard says, and refuse what cannot be written?"""

import struct

import pytest
import wasmtime

from fanlight.targets.wasm.assembler import F32, I32, V128, AssemblerError, Function, Module
from fanlight.targets.wasm.opcodes import INSTRUCTIONS, ValueType

BY_CONTEXT = {row.name for row in INSTRUCTIONS.values() if row.parameters is None}


def is_valid(binary: bytes) -> bool:
    try:
        wasmtime.Module.validate(wasmtime.Engine(), binary)
    except wasmtime.WasmtimeError:
        return False
    return True


CONTROL = """(module
  (type (func (param i32) (result f32))) (type (func (param i32 f32) (result i32)))
  (import "env" "log" (func (param i32) (result f32)))
  (table 3 3 funcref) (memory 2 9 shared) (global (mut i32) (i32.const 70000)) (global i32 (i32.const -1))
  (export "both" (func 2)) (elem (i32.const 0) func 2 1 0)
  (func (type 1) (local i32 f32 f32 v128 i32)
    block loop
      local.get 0 br_if 0
      local.get 0 if local.get 0 br 2 else nop end
      local.get 0 br_table 0 1 1
    end end
    local.get 0 if (result f32) local.get 1 else local.get 0 call 0 end
    local.tee 3 drop
    f32.const 1 f32.const 2 local.get 0 select local.set 4
    block (result i32) global.get 0 local.get 2 br_if 0 global.set 0 global.get 1 end
    local.get 1 local.get 0 call 0 drop i32.const 0 call_indirect (type 1) return)
  (func (type 1) unreachable)
  (data (i32.const 1024) "abc") (data (i32.const 65536) "\\00\\ff"))"""


def write_both(f: Function) -> None:
    n, x = f.parameters
    f.local(I32)
    a, b = f.local(F32), f.local(F32)
    f.local(V128)
    f.local(I32)
    with f.block() as outer, f.loop() as again:
        f.get(n)
        f.branch_if(again)
        f.get(n)
        with f.if_():
            f.get(n)
            f.branch(outer)
            f.else_()
            f.emit("nop")
        f.get(n)
        f.branch_table([again, outer], outer)
    f.get(n)
    with f.if_(result=F32):
        f.get(x)
        f.else_()
        f.get(n)
        f.call(0)
    f.tee(a)
    f.emit("drop")
    f.emit("f32.const", 1)
    f.emit("f32.const", 2)
    f.get(n)
    f.emit("select")
    f.set(b)
    with f.block(result=I32) as value:
        f.emit("global.get", 0)
        f.get(2)
        f.branch_if(value)
        f.emit("global.set", 0)
        f.emit("global.get", 1)
    f.get(x)
    f.get(n)
    f.call(0)
    f.emit("drop")
    f.const(0)
    f.call_indirect((I32, F32), (I32,))
    f.emit("return")


@pytest.mark.parametrize("checked", [True, False])
def test_control_and_sections_equal_the_text_format(checked: bool) -> None:
    module = Module(checked=checked)
    log = module.import_function("env", "log", (I32,), (F32,))
    module.memory(2, 9, shared=True)
    assert [module.global_i32(70000), module.global_i32(-1, mutable=False)] == [0, 1]
    first = module.function("first", (I32, F32), (I32,))
    second = module.function("both", (I32, F32), (I32,), export=True)
    assert (log, first.index, second.index) == (0, 1, 2)
    module.table([second, first, log])
    write_both(first)
    second.emit("unreachable")
    module.data(1024, b"abc")
    module.data(65536, b"\x00\xff")
    binary = module.encode()
    assert binary == wasmtime.wat2wasm(CONTROL)
    assert is_valid(binary)
    names = {name for name in BY_CONTEXT if name in CONTROL}
    assert names == BY_CONTEXT


def run(module: Module, name: str, *arguments: float) -> float:
    store = wasmtime.Store(wasmtime.Engine())
    instance = wasmtime.Instance(store, wasmtime.Module(store.engine, module.encode()), [])
    return instance.exports(store)[name](store, *arguments)


def test_loop_sums_float_array() -> None:
    module = Module(checked=True)
    module.memory(1)
    module.data(16, struct.pack("<5f", 1, 2, 3, 4, 5.5))
    f = module.function("sum", (I32, I32), (F32,), export=True)
    pointer, count = f.parameters
    total = f.local(F32)
    with f.block() as done, f.loop() as again:
        f.get(count)
        f.emit("i32.eqz")
        f.branch_if(done)
        f.get(total)
        f.get(pointer)
        f.emit("f32.load", offset=16)
        f.emit("f32.add")
        f.set(total)
        for local, step in ((pointer, 4), (count, -1)):
            f.get(local)
            f.const(step)
            f.emit("i32.add")
            f.set(local)
        f.branch(again)
    f.get(total)
    assert run(module, "sum", 0, 5) == 15.5
    assert run(module, "sum", 4, 2) == 5


def test_released_locals_are_reused_by_type() -> None:
    f = Module().function("f", (I32,))
    a, b, c = f.local(F32), f.local(V128), f.local(F32)
    assert (a, b, c) == (1, 2, 3)
    f.release(a)
    f.release(b)
    assert (f.local(F32), f.local(F32), f.local(V128)) == (a, 4, b)
    f.release(c)
    with pytest.raises(AssemblerError, match="got 3, released before"):
        f.release(c)


def test_equal_keys_share_a_function() -> None:
    module = Module()

    def double(name: str, type_: ValueType, export: bool = False) -> Function:
        f = module.function(name, (type_,), (type_,), export=export)
        f.get(0)
        f.get(0)
        f.emit(f"{type_}.add")
        return f

    first, second = double("first", I32), double("second", I32, export=True)
    assert first.key() == second.key() != double("third", F32).key()
    with pytest.raises(AssemblerError, match='got "second"'):
        module.discard(second)
    module.discard(module.functions[-1])
    module.discard(second)
    user = module.function("second", (I32,), (I32,), export=True)
    user.get(0)
    user.call(first)
    assert user.index == 1
    assert run(module, "second", 21) == 42


def test_key_holds_signature_and_locals() -> None:
    module = Module()
    none: tuple[ValueType, ...] = ()
    keys = set()
    for parameters, results, locals_ in (
        ((I32,), none, none),
        (none, none, (I32,)),
        (none, (I32,), none),
        (none, none, (F32,)),
    ):
        f = module.function("f", parameters, results)
        for type_ in locals_:
            f.local(type_)
        f.emit("unreachable")
        keys.add(f.key())
    assert len(keys) == 4


def test_exports_names_and_custom_sections() -> None:
    module = Module()
    module.import_function("env", "log")
    module.memory(1, export="memory")
    module.global_i32(5, mutable=False, export="five")
    module.function("kernel", export=True).call(0)
    module.custom("fanlight", b"\x01\x02")
    plain, named = module.encode(), module.encode(names=True)
    assert is_valid(named)
    assert plain.endswith(b"\x00\x0b\x08fanlight\x01\x02")
    # name section, function names: 2 of them, 0 "env.log", 1 "kernel"
    assert named == plain + b"\x00\x19\x04name\x01\x12\x02\x00\x07env.log\x01\x06kernel"
    assert [e.name for e in wasmtime.Module(wasmtime.Engine(), plain).exports] == ["memory", "five", "kernel"]


ERRORS = [
    (lambda f: f.emit("f32.foo"), 'expected an instruction .*, at "f32.foo", byte 0 of function "f"'),
    (lambda f: f.emit("i32.add", 1), "expected no immediates, got"),
    (lambda f: f.emit("i32.add", offset=4), "expected no immediates, got"),
    (lambda f: f.emit("local.get"), "expected 1 immediates, got 0"),
    (lambda f: f.emit("local.get", 0, offset=4), "expected neither offset nor align"),
    (lambda f: f.emit("local.get", -1), "expected a number >= 0, got -1"),
    (lambda f: f.emit("f32.load", 4), "expected 0 immediates, got 1"),
    (lambda f: f.emit("f32.load", offset=1 << 32), "expected an offset below"),
    (lambda f: f.emit("f32.load", offset=-4), "expected a number >= 0, got -4"),
    (lambda f: f.emit("i32.atomic.load", align=1), "expected align .* equal to 2, got 1"),
    (lambda f: f.emit("i8x16.shuffle", *range(15)), "expected 16 immediates, got 15"),
    (lambda f: f.emit("i8x16.shuffle", *range(31, 47)), "expected a lane from 0 to 31, got 32"),
    (lambda f: f.emit("f32x4.extract_lane", 4), "expected a lane from 0 to 3, got 4"),
    (lambda f: f.emit("v128.const", b"123"), "expected 16 bytes, got b'123'"),
    (lambda f: f.emit("i32.const", 1 << 32), "expected an integer of 32 bits"),
    (lambda f: f.emit("i32.const", 1.5), 'at "i32.const", byte 0'),
    (lambda f: f.emit("f32.const", 1e39), "expected a number within the range of float32"),
    (lambda f: f.emit("br_table"), "expected label depths"),
    (lambda f: f.emit("block"), r"expected with function.block\(\)"),
    (lambda f: f.emit("end"), r"expected with function.block\(\)"),
    (lambda f: f.else_(), "expected inside an if without else"),
    (lambda f: f.local("i16"), "expected a type of i32, i64, f32, f64, v128, got 'i16'"),
    (lambda f: f.release(7), "expected a local below 0, got 7"),
    (lambda f: f.call(Module().function("g")), 'expected a function of this module, got "g"'),
    (lambda f: f.branch(f.block()), "expected an open label of this function"),
    (lambda f: f.branch(Module().function("g").block().__enter__()), "expected an open label of this function"),
    (lambda f: (f.loop().__enter__(), f.encode()), "expected every block closed, got open: loop"),
]


@pytest.mark.parametrize(("step", "message"), ERRORS)
def test_errors_name_function_instruction_and_position(step, message: str) -> None:
    with pytest.raises(AssemblerError, match=message) as raised:
        step(Module().function("f"))
    assert 'of function "f"' in str(raised.value)


def test_unbalanced_blocks() -> None:
    f = Module().function("f")
    outer, inner = f.block(), f.loop()
    outer.__enter__()
    inner.__enter__()
    with pytest.raises(AssemblerError, match="expected the innermost block closed first"):
        outer.__exit__(None, None, None)
    f = Module().function("f", (), (I32,))
    f.const(1)
    with pytest.raises(AssemblerError, match="expected an else, as the if leaves i32"), f.if_(result=I32):
        f.const(2)


def test_an_exception_inside_a_block_comes_through() -> None:
    f = Module().function("f")
    with pytest.raises(KeyError, match="mine"), f.block():
        raise KeyError("mine")


def test_module_errors() -> None:
    module = Module()
    module.memory(1)
    module.function("f", export=True)
    for step, message in (
        (lambda: module.memory(1), "expected one memory"),
        (lambda: module.function("f", export=True), 'got "f" twice'),
        (lambda: module.import_function("env", "g"), 'got import "env.g" after "f"'),
        (lambda: Module().memory(1, shared=True), "expected a maximum"),
        (lambda: Module().memory(2, 1), "minimum <= maximum"),
        (lambda: module.global_i32(1 << 33), "expected an integer of 32 bits"),
    ):
        with pytest.raises(AssemblerError, match=message):
            step()
    module = Module()
    module.data(0, b"x")
    with pytest.raises(AssemblerError, match="expected a memory"):
        module.encode()
