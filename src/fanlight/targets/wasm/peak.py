"""How many multiply-adds can a core do at most? A module whose one function runs independent chains of them."""

from __future__ import annotations

from fanlight.ir.target import Target
from fanlight.targets.wasm.assembler import I32, V128, Function, Module
from fanlight.targets.wasm.spelling import RELAXED

CHAINS = 12  # independent sums: more than latency times units
STEPS = 4  # multiply-adds of each chain in one turn of the loop
FLOPS = CHAINS * STEPS * 8  # of one turn: four lanes, a product and a sum in each


def emit_peak(module: Module, target: Target) -> Function:
    """A loop of independent multiply-adds, as many turns as its parameter says. Uses the first 32 bytes of memory."""
    f = module.function("peak", [I32], export=True)
    chains = [f.local(V128) for _ in range(CHAINS)]
    factor = f.local(V128)
    f.const(0)
    f.emit("v128.load")
    f.set(factor)
    with f.loop() as again:
        for _ in range(STEPS):
            for chain in chains:
                if target.fused:
                    for local in (factor, factor, chain):
                        f.get(local)
                    f.emit("f32x4.relaxed_madd")
                else:
                    for local in (chain, factor, factor):
                        f.get(local)
                    f.emit("f32x4.mul")
                    f.emit("f32x4.add")
                f.set(chain)
        f.get(f.parameters[0])
        f.const(1)
        f.emit("i32.sub")
        f.tee(f.parameters[0])
        f.branch_if(again)
    f.const(16)
    f.get(chains[0])
    for chain in chains[1:]:
        f.get(chain)
        f.emit("f32x4.add")
    f.emit("v128.store")
    return f


def peak_module(target: Target = RELAXED) -> bytes:
    """A module of its own: exports `peak(turns)`, each turn FLOPS operations, and its memory."""
    module = Module()
    module.memory(1, 1, export="memory")
    emit_peak(module, target)
    return module.encode()
