"""Does Module(checked=True) accept exactly what wasmtime accepts? Random programs, instruction by instruction."""

import random

import pytest
import wasmtime

from fanlight.targets.wasm.assembler import F32, I32, I64, AssemblerError, Function, Label, Module


def is_valid(binary: bytes) -> bool:
    try:
        wasmtime.Module.validate(wasmtime.Engine(), binary)
    except wasmtime.WasmtimeError:
        return False
    return True


def test_checked_module_names_the_misfit() -> None:
    f = Module(checked=True).function("f", (I32, F32), (I32,))
    f.get(0)
    with pytest.raises(AssemblerError, match=r'expected f32 .*, got i32, at "f32\.neg", byte 2 of function "f"'):
        f.emit("f32.neg")
    f.get(1)
    with pytest.raises(AssemblerError, match="expected i32 on the operand stack, got f32"):
        f.encode()


Step = tuple  # ("emit", name, *immediates), ("open", kind, result), ("else",) or ("close",)
PLAIN = [
    "i32.add",
    "f32.add",
    "i32.trunc_sat_f32_s",
    "f32x4.splat",
    "i32.eqz",
    "drop",
    "select",
    "return",
    "unreachable",
]
NUMBERED = ["local.get", "local.set", "local.tee", "br", "br_if", "i32.const", "f32.const", "global.set"]


def candidate(generator: random.Random) -> Step:
    number = generator.randrange(4)
    return generator.choice(
        [
            *(("emit", name) for name in PLAIN),
            *(("emit", name, number) for name in NUMBERED),
            ("emit", "br_table", number, generator.randrange(4)),
            ("emit", "call", number % 2),
            *(("open", kind, generator.choice([None, I32, F32])) for kind in ("block", "loop", "if_")),
            ("else",),
            ("close",),
            ("close",),
        ]
    )


def replay(steps: list[Step], checked: bool) -> tuple[Module, list[Label], Function]:
    module = Module(checked=checked)
    module.global_i32(0)
    module.global_i32(0, mutable=False)
    f = module.function("f", (I32, F32), (F32,))
    f.local(I64)
    labels: list[Label] = []
    for step in steps:
        match step:
            case ("emit", name, *immediates):
                f.emit(name, *immediates)
            case ("open", kind, result):
                labels.append(getattr(f, kind)(result).__enter__())
            case ("else",):
                f.else_()
            case ("close",):
                if not labels:
                    raise AssemblerError("nothing to close")
                labels.pop().__exit__(None, None, None)
    return module, labels, f


def finished(steps: list[Step]) -> bytes | None:
    """The module after the steps, brought to a valid end whatever is on its stack; None if it cannot be written."""
    try:
        module, labels, f = replay(steps, checked=False)
    except AssemblerError:
        return None
    f.emit("unreachable")
    for label in reversed(labels):
        if label.kind == "if" and not label.has_else:
            f.else_()
            f.emit("unreachable")
        label.__exit__(None, None, None)
        f.emit("unreachable")
    return module.encode()


def test_checker_agrees_with_wasmtime() -> None:
    generator = random.Random(1)
    verdicts = {True: 0, False: 0}
    for _ in range(60):
        steps: list[Step] = []
        while len(steps) < 14:
            longer = [*steps, candidate(generator)]
            try:
                replay(longer, checked=True)
                accepted = True
            except AssemblerError:
                accepted = False
            binary = finished(longer)
            assert accepted == (binary is not None and is_valid(binary)), longer
            if accepted:
                steps = longer
            verdicts[accepted] += 1
    assert min(verdicts.values()) > 500
