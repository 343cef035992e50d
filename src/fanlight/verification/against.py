"""Does an export compute what its ONNX file computes? Both variants of its code in Chromium, beside onnxruntime.

In: the file, as `original` opens it. Out: a check for each variant, and every difference as JSON has it."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from fanlight.ir import dim as dims
from fanlight.verification.browser import BLANK, Site, chromium, opened, visiting
from fanlight.verification.checks import Check, attempt, check, encoded
from fanlight.verification.original import FUNCTION, Case, Original

TOLERANCE = 1e-4  # of an output's largest absolute value
VARIANTS = {"": {}, ", reproducible": {"reproducible": True}}  # what a check's name ends in -> options of `load`

Facts = dict[str, Any]


def check_against(original: Original, tolerance: float | None) -> tuple[list[Check], Facts]:
    """A check for each variant; and {"tolerance", "stored", "changed", "outputs"}, one of "outputs" for each output of
    each case in each variant: {"variant", "case", "output", "absolute", "relative", "scale", "ok"}."""
    cases, stored, changed = original.cases(), original.stored(), original.changed_weights()
    rows: list[Facts] = []
    checks: list[Check] = []
    with opened(original.bundle) as site, chromium() as browser:
        for ending, options in VARIANTS.items() if site.is_folder else [("", None)]:
            name = f"against {original.path.name}{ending}"
            with visiting(browser, site) as visit:

                def compare(name: str = name, visit: Any = visit, options: Any = options) -> Check:
                    variant, found = computed(visit, site, cases, options)
                    made = [
                        compared(original, case, outputs, variant, tolerance)
                        for case, outputs in zip(cases, found, strict=True)
                    ]
                    own = [row for part in made for row in part]
                    rows.extend(own)
                    return check(name, all(row["ok"] for row in own), verdict(own, variant, len(cases)))

                checks.append(attempt(name, compare))
    if any(each["ok"] is False for each in checks):
        reasons = [f"the bundle's weights are stored as {stored}"] if stored else []
        reasons += [f"{len(changed)} arrays of weights are not the file's, as after training"] if changed else []
        for each in checks:
            each["detail"] += "".join(f"; {reason}" for reason in reasons)
    facts = {"file": str(original.path), "tolerance": TOLERANCE if tolerance is None else tolerance}
    return checks, facts | {"stored": stored or None, "changed": changed, "outputs": rows}


def computed(
    visit: Any, site: Site, cases: Sequence[Case], options: Mapping[str, Any] | None
) -> tuple[str, list[dict[str, str]]]:
    """The variant that ran, and the outputs of each case as base64."""
    if options is None:
        visit.start()
    else:
        visit.page.goto(site.address + BLANK)
    given = [
        {"given": {key: encoded(array) for key, array in case.given.items()}, "raw": dict(case.raw)} for case in cases
    ]
    index = None if options is None else site.address + "index.js"
    result = visit.run("outputs.js", {"index": index, "options": options, "name": FUNCTION, "cases": given})
    return result["variant"], result["found"]


def compared(
    original: Original, case: Case, outputs: Mapping[str, str], variant: str, tolerance: float | None
) -> list[Facts]:
    """How far each output of a case is from the file's."""
    rows = []
    for slot in original.bundle.manifest.functions[FUNCTION].outputs:
        shape = tuple(dims.evaluate(extent, case.sizes) for extent in slot.shape)
        found = np.frombuffer(base64.b64decode(outputs[slot.name]), slot.dtype).reshape(shape)
        facts = difference(found, np.asarray(case.expected[slot.name]), tolerance)
        rows.append({"variant": variant, "case": case.name, "output": slot.name, **facts})
    return rows


def difference(found: np.ndarray, expected: np.ndarray, tolerance: float | None) -> Facts:
    """The largest difference, alone ("absolute") and as a part of the largest absolute value that is expected
    ("relative"); None where one side is not finite and the other is, or where shapes differ. Whole numbers must be
    equal, unless a tolerance is given."""
    if found.shape != expected.shape:
        return {"absolute": None, "relative": None, "scale": None, "shapes": [found.shape, expected.shape], "ok": False}
    is_whole = expected.dtype.kind not in "fc" and found.dtype.kind != "f"
    limit = tolerance if tolerance is not None else 0.0 if is_whole else TOLERANCE
    a, b = found.astype("float64"), expected.astype("float64")
    is_same = (found == expected) | (np.isnan(a) & np.isnan(b))
    with np.errstate(invalid="ignore"):
        gap = np.where(is_same, 0.0, np.abs(a - b))
    scale = float(np.abs(b[np.isfinite(b)]).max(initial=0.0))
    if not np.isfinite(gap).all():
        return {"absolute": None, "relative": None, "scale": scale, "ok": False}
    absolute = float(gap.max(initial=0.0))
    relative = absolute / scale if scale else (0.0 if absolute == 0 else None)
    return {
        "absolute": absolute,
        "relative": relative,
        "scale": scale,
        "ok": relative is not None and relative <= limit,
    }


def verdict(rows: Sequence[Facts], variant: str, cases: int) -> str:
    """The largest difference of each output in words."""
    words = []
    for name in dict.fromkeys(row["output"] for row in rows):
        own = [row for row in rows if row["output"] == name]
        worst = max(own, key=lambda row: float("inf") if row["relative"] is None else row["relative"])
        words.append(f"{name} {differs(worst)}")
    return f"{variant} code, {cases} inputs: {'; '.join(words)}"


def differs(row: Mapping[str, Any]) -> str:
    if "shapes" in row:
        return f"has the shape {list(row['shapes'][0])}, not {list(row['shapes'][1])}"
    if row["relative"] is None:
        return "is not finite where the file's is" if row["absolute"] is None else f"differs by {row['absolute']:.2g}"
    return f"differs by at most {row['relative']:.2g} of its largest value"


def print_outputs(console: Any, facts: Mapping[str, Any]) -> None:
    """A table of all differences."""
    from rich.text import Text

    from fanlight.inspection import table

    columns = ("code", "input", "output", "largest:", "difference:", "relative:", "")
    cells = [
        (
            *(row["variant"], row["case"], row["output"]),
            *("" if row[key] is None else f"{row[key]:.3g}" for key in ("scale", "absolute", "relative")),
            "ok" if row["ok"] else differs(row) if row["relative"] is None else "too much",
        )
        for row in facts["outputs"]
    ]
    console.print(table(f"against {facts['file']}", columns, cells))
    told = f"An output passes up to {facts['tolerance']:g} of its largest absolute value (relative)."
    if facts["stored"]:
        told += f" The weights are stored as {facts['stored']}: that alone changes outputs; --tolerance allows more."
    console.print(Text(told), soft_wrap=True)
