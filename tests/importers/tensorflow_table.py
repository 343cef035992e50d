"""Writes docs/tensorflow.md: every operation, whether it has a gradient, how many cases there are, what is refused."""

from __future__ import annotations

from collections.abc import Mapping
from textwrap import wrap

from fanlight.importers.tensorflow.rules import RULES
from importers.tensorflow_names import TFJS
from importers.tensorflow_nodes import Answer

# By the readers: what computes nothing, what is an input, what is written as loops and branches, what fills a table.
READ = ("NoOp", "Placeholder", "Enter", "Exit", "LoopCond", "Merge", "NextIteration", "Switch", "HashTable")
READ += (
    "TensorArrayCloseV3",
    "HashTableV2",
    "InitializeTable",
    "InitializeTableV2",
    "LookupTableImport",
    "LookupTableImportV2",
)
WHY = (  # how a name begins, and why it is refused; the first that fits
    ("Ragged", "rows of different lengths are no arrays: pad them, and mask"),
    ("SimpleML", "decision forests of a library of its own: export them as ONNX"),
    ("Sparse", "how many rows are left depends on data"),
    ("String", "texts are no numbers: make numbers of them before the model"),
    ("StaticRegex", "texts are no numbers: make numbers of them before the model"),
    ("NonMaxSuppression", "how many boxes are left depends on data: V4 and V5, padded, are there"),
    ("", "no file has it: a converter writes Const or Fill"),
)
ALWAYS = "always"  # begins the note of what is known and never built

INTRO = """# TensorFlow's operations

`fl.load` opens what TensorFlow wrote. This page says which operations it knows, and what of them is refused.

"""
NOTES = """
- **Shapes** must follow from the shapes of the inputs: arithmetic with them is evaluated when the model is loaded.
  Operations whose result has as many elements as the data say (Where, Unique, NonMaxSuppressionV3) are refused, unless
  they read constants, or are padded to a known length.
- **float64, float16 and bfloat16** become float32. **Complex numbers** are kept in the operations below that say so in
  TensorFlow, from a transform to its inverse; others refuse them. Strings are refused.
- **Layouts**: channels last and channels first. Sums over integers wrap as TensorFlow's do; where it stops with an
  error (an index outside, a division by 0), a page goes on: with the nearest element, with 0.
- **Lists of tensors** (TensorList, and TensorArray of TensorFlow 1) keep their length through a loop; a loop in which
  one grows is written out, up to 64 rounds of a number that shapes and constants tell, and 1024 rounds of all loops of
  a graph. A list grows item by item up to 512 items. One that may grow (`dynamic_size=True`) and is long enough from
  the beginning is no such list where constants tell the numbers of the items; where data do, write the model with
  `dynamic_size=False`. In branches that data choose, both sides leave a list equally long.
- **Random numbers** are drawn anew at each call, by a generator of Fanlight's own: of these cases only dtypes and
  shapes are compared.
- **Gradients** are derived in all cases below that have floats on both sides, and agree with TensorFlow's. Where it has
  none (the numbers of OneHot, LinSpace and PadV2), or an approximation (ImageProjectiveTransformV3, the boxes of
  CropAndResize for the nearest pixel), they are those of what is computed.

| operation | gradient | cases | not built |
|---|---|---|---|
"""


def text(answers: Mapping[str, list[Answer]]) -> str:
    """The whole page. `answers` are what came of the cases of each operation."""
    kinds = sorted((kind.removeprefix("tf.") for kind in RULES if kind.startswith("tf.")), key=str.lower)
    built = [name for name in kinds if not RULES[f"tf.{name}"].note.startswith(ALWAYS)]
    there = [name for name in TFJS if name in built or name in READ]
    count = sum(map(len, answers.values()))
    said = (
        f"{len(built)} operations are built. Of the {len(TFJS)} names that the converter of TensorFlow.js 4.22 knows, "
        f"{len(there)} are there. {count} cases of {len(answers)} operations, with attributes as files have them, give "
        "on WebAssembly what TensorFlow 2.21 gave; none is wrong. This page is written by "
        "`make bless` (`tests/importers/tensorflow_table.py`)."
    )
    rows = [row(name, answers.get(name, [])) for name in kinds]
    missing = [name for name in TFJS if name not in there]
    reasons: dict[str, list[str]] = {}
    for name in missing:
        reasons.setdefault(next(why for start, why in WHY if name.startswith(start)), []).append(f"`{name}`")
    gone = "\n## Not there\n\nOf TensorFlow.js's names:\n\n| refused | why |\n|---|---|\n"
    gone += "".join(f"| {', '.join(names)} | {why} |\n" for why, names in reasons.items())
    return INTRO + paragraph(said) + NOTES + "\n".join(rows) + "\n" + gone


def paragraph(said: str) -> str:
    return "\n".join(wrap(said, 118, break_long_words=False, break_on_hyphens=False)) + "\n"


def row(name: str, answers: list[Answer]) -> str:
    gradients = {each.gradient for each in answers if each.gradient is not None}
    gradient = "" if not gradients else "yes" if gradients == {True} else "in part" if True in gradients else "no"
    return f"| {name} | {gradient} | {len(answers) or ''} | {RULES[f'tf.{name}'].note} |"
