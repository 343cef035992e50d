"""How near do the pointwise layers of MobileNetV2 come to what this core can do in Firefox? As in pointwise.py.

In: the compiler's own `emit_contract`, headless Firefox. Out: a report."""

from __future__ import annotations

from dataclasses import replace

from elsewhere import run_in_firefox
from pointwise.pointwise import measure as measure_in
from report import Report

WANTED = 0.8  # of that browser's peak


def measure(quick: bool) -> Report:
    """The same layers and the same code as in Chromium."""
    found = measure_in(quick, run_in_firefox)
    rows = [replace(row, wanted=WANTED) for row in found.rows]
    return replace(found, name="firefox", title=f"{found.title}, in Firefox", rows=rows, folder="pointwise")
