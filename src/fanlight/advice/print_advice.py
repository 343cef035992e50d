"""How is advice shown to people? A headline, a table of devices, and sentences."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fanlight.inspection import size_of, table


def print_advice(found: Mapping[str, Any]) -> None:
    """Prints what `advise_bundle` found."""
    from rich.console import Console
    from rich.text import Text

    console = Console(highlight=False)

    def line(*parts: Any) -> None:
        console.print(Text.assemble(*parts), soft_wrap=True)

    line((found["name"], "bold"), f": {found['parameters']:,} parameters, {found['trainable']:,} of them trainable")
    parts = ", ".join(f"{name} {size_of(count)}" for name, count in found["download"].items() if count)
    line("Download, first visit: ", (size_of(sum(found["download"].values())), "bold"), f" compressed ({parts})")
    line("Memory, all that the page allocates: ", (size_of(found["memory"]), "bold"))
    console.print(table("", COLUMNS, [cells(each) for each in (found["here"], *found["devices"])]))
    rows = f"{found['rows']:,} rows" + ("" if found["rows_given"] else " (say how many with --rows)")
    where = f"here: measured in {found['measured']['where']}"
    if why := found["measured"]["why_not_in_a_browser"]:
        where += f" ({why.splitlines()[0]})"
    line(f"{where}; a prediction is of one row.")
    if training := found["training"]:
        epochs = f"{training['epochs']} epochs for training, {training['tuning_epochs']} for tuning"
        line(f"A step is a batch of {training['batch']}; {epochs}, over {rows}.")
    line("~ is an estimate for a class of devices: the time here by the ratio of what a core can do at most (GFLOP/s).")
    line("\nWorkflow: ", (found["workflow"], "bold"), f", because {found['why']}.")
    for each in found["help"]:
        line(f"· {each}")


COLUMNS = ("device", "GFLOP/s:", "prediction:", "step:", "training:", "tuning:")


def cells(row: Mapping[str, Any]) -> list[str]:
    sign = "~" if row["estimate"] else ""
    times = [(row["predict_ms"], 1e-3), (row["step_ms"], 1e-3), (row["train_s"], 1.0), (row["tune_s"], 1.0)]
    shown = ["" if value is None else sign + duration(value * unit) for value, unit in times]
    return [row["name"], f"{row['gflops']:.0f}", *shown]


def duration(seconds: float) -> str:
    """Two digits in the unit that fits: 35 µs, 1.2 ms, 14 s, 3.5 min."""
    for unit, scale in (("h", 3600.0), ("min", 60.0), ("s", 1.0), ("ms", 1e-3)):
        if seconds >= (2 * scale if unit in ("h", "min") else scale):
            value = seconds / scale
            return f"{value:.1f} {unit}" if value < 10 else f"{value:.0f} {unit}"
    return f"{seconds * 1e6:.0f} µs"
