"""How good is a digit network on pen drawings? 200 of them as strokes, the honest test: nothing is trained on them.

No person drew them: examples/digits/make_drawings.py generates them from hand-authored pen paths.
"""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any


def drawings() -> list[dict[str, Any]]:
    """Each drawing: `label` 0 to 9, `strokes` of x, y, x, y, ... in pixels of a square pad of `size`, the pen's
    `width`, and the `hand` it comes from. Apache-2.0."""
    text = files("fanlight.datasets").joinpath("data", "drawings.json").read_text(encoding="utf-8")
    return json.loads(text)["drawings"]
