"""Writes what TensorFlow Lite's own reference kernels give for the cases of its operators.

    PYTHONPATH=src:tests:<folder of ai-edge-litert> python tests/importers/tflite_golden.py

After a change of the cases. The interpreter is no dependency of the project: `pip install --target <folder>
ai-edge-litert` puts it aside. The file is read by `tflite_nodes.golden`.
"""

from __future__ import annotations

import sys
from typing import Any

from ai_edge_litert import interpreter  # pyright: ignore[reportMissingImports]  # only who writes the file has it

from importers.tflite_case import Case
from importers.tflite_cases import CASES
from importers.tflite_nodes import GOLDEN, packed

# Whose reference kernels are wrong: one leaves out a neighbour, one gives 255 for every sum of 8-bit numbers.
USUAL = ("LOCAL_RESPONSE_NORMALIZATION", "SUM")


def results(case: Case) -> list[Any]:
    """What the reference kernels give."""
    usual = interpreter.OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
    kind = usual if case.op in USUAL else interpreter.OpResolverType.BUILTIN_REF
    try:
        run = interpreter.Interpreter(model_content=case.file, experimental_op_resolver_type=kind)
    except ValueError:  # there is one kernel for both
        run = interpreter.Interpreter(model_content=case.file, experimental_op_resolver_type=usual)
    run.allocate_tensors()
    for said, array in zip(run.get_input_details(), case.arrays, strict=True):
        run.set_tensor(said["index"], array)
    run.invoke()
    return [run.get_tensor(said["index"]) for said in run.get_output_details()]


def main() -> None:
    made: dict[str, list[Any]] = {}
    wanted = sys.argv[1:]
    for case in CASES:
        if wanted and case.op not in wanted:
            continue
        try:
            made[case.key] = results(case)
        except (RuntimeError, ValueError) as error:
            print(f"{case.key}: {str(error)[:300]}", file=sys.stderr)
    assert len(made) == len(CASES) or wanted, f"{len(made)} of {len(CASES)}: two cases are the same, or one fails"
    if not wanted:
        GOLDEN.write_bytes(packed(made))
        print(f"{len(made)} cases, {GOLDEN.stat().st_size} bytes")


if __name__ == "__main__":
    main()
