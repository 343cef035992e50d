"""Writes docs/onnx.md: every operator of the standard, its versions, whether it has a gradient, which tests pass."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from textwrap import wrap

from fanlight.importers.onnx.rules import RULES
from importers.onnx_nodes import Answer, case_operator, cases

INTRO = """# ONNX files

`fl.load("model.onnx")` gives a model like any other: it predicts in Python, `fanlight convert` writes its page, and
it trains there. PyTorch (`torch.onnx.export`), scikit-learn (`skl2onnx`), Hugging Face and others write such files.

```python
import fanlight as fl

model = fl.load("squeezenet1.1.onnx", inputs={"image": fl.Image(224, 224, preset="torch")})
model.freeze(until="concat_8")              # layers are the file's nodes, under their names
model.replace_head(["cat", "dog"])          # a new head, which training changes
model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
model.export("site/", train=True)           # the page teaches it ...
fl.load("site/", weights="learnt.safetensors").save("tuned.onnx")  # ... and what it learnt goes back
```

- **Weights** keep the file's names, PyTorch's among them (`features.0.weight`). Every float tensor of more than one
  number that a node reads is state, and trained unless its layer is frozen; smaller ones are part of the code, but
  where an operator has a weight in their place.
- **Inputs**: `inputs={"image": fl.Image(...)}` says that an input is a picture: raw pixels, channels last, are
  prepared in the page. `inputs={"shape": [1, -1]}` gives an input that is always the same, `outputs={"scores":
  fl.Classes(labels)}` the labels, `dims={"words": 128}` the largest length of an open axis. The first axis of an
  input is that of the rows.
- **Shapes** must follow from the shapes of the inputs: arithmetic with them is evaluated when the model is loaded.
  Operators whose result has as many elements as the data say (NonZero, Unique) are refused, unless they read
  constants.
- **Dropout and batch normalization** train where the file was exported for training; an inference file has lost them.
  The running variance is that of a batch, as the standard has it (PyTorch's own: n / (n - 1) times as much).
- `fl.from_torch(module, example_inputs)` and `fl.from_sklearn(estimator)` go the same way without a file.
- **float64, float16 and bfloat16** become float32. Strings, sequences, optionals and sparse tensors are refused.
- **Nothing in a file is executed**, no file outside its folder is read; what is missing is named all at once.
- `fanlight inspect model.onnx` tells before all this what is in a file, and names everything that would be refused;
  `fanlight verify site/ --against model.onnx` compares the page with onnxruntime, in Chromium.
- `model.save("tuned.onnx")` writes the same nodes with the new weights; of a new head, Dense, Activation, pooling,
  Flatten and Dropout.

"""
COLUMNS = """
| operator | versions of the standard | gradient | node tests that pass | not built |
|---|---|---|---|---|
"""


def text(answers: Mapping[str, Answer]) -> str:
    """The whole page. `answers` are what came of each node test."""
    passed, tried = Counter[str](), Counter[str]()
    gradients: dict[str, set[bool]] = defaultdict(set)
    for name, answer in answers.items():
        operator = case_operator(cases()[name])
        tried[operator] += 1
        passed[operator] += answer.refused is None
        if answer.gradient is not None:
            gradients[operator].add(answer.gradient)
    total = f"{sum(passed.values()):,} of {sum(tried.values()):,}"
    said = (
        "Of the node tests of the `onnx` package with tensors of float32, int32, int64, bool, uint8 and int8, "
        f"{total} pass on WebAssembly; the others are refused in words, and none is wrong. **Gradient**: derived in "
        "every one of these tests that has floats on both sides. This page is written by `make bless` "
        "(`tests/importers/onnx_table.py`)."
    )
    rows = [row(kind, passed[kind], tried[kind], gradients[kind]) for kind in sorted(RULES, key=str.lower)]
    missing = [kind for kind in sorted(versions_by_kind(), key=str.lower) if kind not in RULES]
    gone = "\n## Not there\n\n" + "\n".join(wrap(", ".join(f"`{kind}`" for kind in missing), 118)) + "\n"
    return INTRO + "\n".join(wrap(said, 118)) + "\n" + COLUMNS + "\n".join(rows) + "\n" + gone


def row(kind: str, passed: int, tried: int, gradients: set[bool]) -> str:
    gradient = "" if not gradients else "yes" if gradients == {True} else "in part" if True in gradients else "no"
    versions = ", ".join(map(str, versions_by_kind().get(kind, ())))
    return f"| {kind} | {versions} | {gradient} | {f'{passed} of {tried}' if tried else ''} | {RULES[kind].note} |"


def versions_by_kind() -> dict[str, list[int]]:
    """In which versions the standard changed each operator."""
    from onnx import defs

    found: dict[str, set[int]] = defaultdict(set)
    for schema in defs.get_all_schemas_with_history():
        found[f"{schema.domain}.{schema.name}" if schema.domain else schema.name].add(schema.since_version)
    return {kind: sorted(versions) for kind, versions in found.items()}
