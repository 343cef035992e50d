"""Writes docs/tflite.md: every operator, how it takes 8-bit numbers, how many cases there are, what is refused."""

from __future__ import annotations

from collections.abc import Mapping
from textwrap import wrap

from tflite.utils import BUILTIN_OPCODE2NAME

from fanlight.importers.tflite.rules import RULES
from fanlight.importers.tflite.rules.table import TAKES
from importers.tflite_nodes import Answer

ALWAYS = "always"  # begins the note of what is known and never built
WORDS = {"raw": "as they are", "table": "by a table", "own": "in whole numbers", "float": "as floats, rounded"}
PLAIN = ("int8", "uint8")

INTRO = """# TensorFlow Lite's operators

`fl.load("model.tflite")` opens what TensorFlow Lite and LiteRT run. This page says which operators it knows, and what
of them is refused. `pip install "fanlight[tflite]"` brings what reads the files.

"""
NOTES = """
- **Numbers of 8 bits** are computed as whole numbers, with the factors that TensorFlow Lite computes with: a sum of
  products as int32, times a factor of 31 bits, shifted and rounded. So a page gives the same bits as the reference
  kernels. One scale for a tensor or one for each channel of weights; zero points of uint8 and int8. Numbers of 16 bits,
  as activations, are refused.
- **Floats with weights of 8 bits** (dynamic range): the weights stay 8 bits in the page's files, and are multiplied as
  the floats that they stand for. TensorFlow Lite rounds what comes in to 8 bits first, so it is a little further from
  the network that was converted. **float16** weights become float32.
- **Training**: floats are trained like any other network; 8-bit weights stay as they are.
- **Metadata**: an input that is a picture takes pixels, scaled as the file says, and the labels of an output become its
  classes. An 8-bit output with labels is a float to you; the pixels of an 8-bit picture are the network's numbers, as
  they are for TensorFlow Lite's own readers of pictures. `inputs={"input": None}` leaves an input as it is.
- **Names**: inputs and outputs have the names of the signature, or those of their tensors; `signature=` chooses one.
  `outputs=["name", ...]` cuts the network at any tensors.
- **Branches and loops** (IF, WHILE) run the other graphs of the file; weights inside them are trained where they are
  more than 4096 numbers. Operators of one's own, boxes chosen by data, strings and sparse tensors are refused by name,
  all that a file uses at once.

| operator | numbers of 8 bits | cases | not built |
|---|---|---|---|
"""


def text(answers: Mapping[str, list[Answer]]) -> str:
    """The whole page. `answers` are what came of the cases of each operator."""
    kinds = sorted(kind.removeprefix("tfl.") for kind in RULES if kind.startswith("tfl."))
    built = [name for name in kinds if not RULES[f"tfl.{name}"].note.startswith(ALWAYS)]
    flat = [each for several in answers.values() for each in several]
    eight = [each for each in flat if each.case.is_quantized]
    exact = sum(each.steps == 0 for each in eight)
    said = (
        f"{len(built)} operators are built. {len(flat)} cases of {len(answers)} of them give on WebAssembly what the "
        f"reference kernels of LiteRT 2.3 give; of {len(eight)} cases with results of 8 bits, {exact} to the bit, the "
        "others within one step. This page is written by `make bless` (`tests/importers/tflite_table.py`)."
    )
    rows = [row(name, answers.get(name, [])) for name in kinds]
    missing = sorted(
        {*BUILTIN_OPCODE2NAME.values()} - {*kinds, "CUSTOM", "DELEGATE", "PLACEHOLDER_FOR_GREATER_OP_CODES"}
    )
    missing = [name for name in missing if not name.startswith("STABLEHLO")]
    gone = "\n## Not there\n\n" + paragraph(", ".join(f"`{name}`" for name in missing) + ", and those of StableHLO.")
    return INTRO + paragraph(said) + NOTES + "\n".join(rows) + "\n" + gone


def paragraph(said: str) -> str:
    return "\n".join(wrap(said, 118, break_long_words=False, break_on_hyphens=False)) + "\n"


def row(name: str, answers: list[Answer]) -> str:
    has_bytes = any(t is not None and t.dtype in PLAIN and t.scale is not None for each in answers
                    for t in (*each.case.operands, *each.case.made))  # fmt: skip
    way = WORDS[TAKES[name]] if has_bytes else ""
    word = name.replace("CUSTOM:", "custom: ")
    return f"| {word} | {way} | {len(answers) or ''} | {RULES[f'tfl.{name}'].note} |"
