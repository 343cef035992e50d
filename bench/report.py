"""What does a measurement give? Rows that compare Fanlight with a peer, as a table and as a committed file."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

import fanlight

RESULTS = Path(__file__).parent / "results"


@dataclass(frozen=True, slots=True)
class Row:
    """One comparison. `ratio` is Fanlight's figure by the peer's; `wanted` bounds it, from above for times and from
    below where more is better (`wants_more`)."""

    what: str
    fanlight: float
    peer: float
    peer_name: str
    unit: str
    wanted: float | None = None
    wants_more: bool = False

    @property
    def ratio(self) -> float:
        return self.fanlight / self.peer

    @property
    def is_met(self) -> bool | None:
        if self.wanted is None:
            return None
        return self.ratio >= self.wanted if self.wants_more else self.ratio <= self.wanted


@dataclass(frozen=True, slots=True)
class Report:
    """What one script measured: its subject, the rows, notes in words, and every figure behind them."""

    name: str
    title: str
    rows: Sequence[Row]
    notes: Sequence[str]
    settings: Mapping[str, Any]
    details: Mapping[str, Any]
    browser: str
    folder: str = ""  # of the script, in bench; else the name

    @property
    def script(self) -> str:
        return f"bench/{self.folder or self.name}/{self.name}.py"


def show(report: Report, console: Console) -> None:
    """Prints the table and the notes."""
    table = Table(title=f"{report.name}: {report.title}", title_justify="left")
    for heading in ("what", "Fanlight", "peer", "", "ratio", "wanted", "met"):
        is_text = heading in ("what", "peer")
        table.add_column(heading, justify="left" if is_text else "right", no_wrap=not is_text)
    for row in report.rows:
        sign = "≥" if row.wants_more else "≤"
        wanted = "" if row.wanted is None else f"{sign} {as_ratio(row.wanted)}"
        met = {None: "", True: "[green]yes", False: "[red]no"}[row.is_met]
        figures = f"{row.fanlight:.4g} {row.unit}", row.peer_name, f"{row.peer:.4g} {row.unit}"
        table.add_row(row.what, *figures, as_ratio(row.ratio), wanted, met)
    console.print(table)
    for note in report.notes:
        console.print(f"  {note}", markup=False, highlight=False)


def as_ratio(ratio: float) -> str:
    """1/40 for small ratios, 0.93 for others."""
    if ratio >= 0.4:
        return f"{ratio:.2f}"
    inverse = 1 / ratio
    return f"1/{inverse:.0f}" if inverse >= 100 else f"1/{round(inverse, 1):g}"


def write(report: Report) -> Path:
    """Writes bench/results/<name>.json: the figures with the script that made them and what it ran on."""
    record = {
        "script": report.script,
        "title": report.title,
        "date": date.today().isoformat(),
        "fanlight": fanlight.__version__,
        "machine": machine() | {"browser": f"Chromium {report.browser}, headless"},
        "settings": dict(report.settings),
        "rows": [{**asdict(row), "ratio": row.ratio, "met": row.is_met} for row in report.rows],
        "notes": list(report.notes),
        "details": report.details,
    }
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{report.name}.json"
    path.write_text(json.dumps(rounded(record), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return path


def rounded(value: Any) -> Any:
    """Floats to five digits, which is more than any clock here gives."""
    match value:
        case float():
            return float(f"{value:.5g}")
        case dict():
            return {key: rounded(each) for key, each in value.items()}
        case list() | tuple():
            return [rounded(each) for each in value]
    return value


def machine() -> dict[str, Any]:
    """The facts without which a time means nothing."""
    return {"processor": processor(), "cores": os.cpu_count(), "system": platform.system(), "load": os.getloadavg()[0]}


def processor() -> str:
    """Its name, as Linux knows it."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()
