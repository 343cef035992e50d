"""What do people read of the measurements? docs/performance.md and its plot, written from results/*.json alone."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
RESULTS = Path(__file__).parent / "results"
PAGE, PLOT = ROOT / "docs" / "performance.md", ROOT / "docs" / "performance.svg"
ORDER = ("latency", "mobilenet", "mlp", "lstm", "training", "sequences", "frozen_head", "matmul", "threaded")
ORDER += ("pointwise", "firefox", "threads", "coldstart")
HIDDEN = ("peak", "copies")  # times that are no contender's

LABELS = {
    "latency": "4-10-3 network, one prediction",
    "mobilenet": "MobileNetV2, a picture of 224x224",
    "mlp": "784-512-512-10 network, 64 rows",
    "lstm": "LSTM with 64 units, 40 steps",
    "training": "CNN for 28x28, a training step",
    "sequences": "LSTM with 64 units, a training step",
    "coldstart": "first prediction of a CNN, after navigation",
}

INTRO = """# Speed

Written by `make bench` from [bench/results](../bench/results); the scripts are in [bench](../bench/README.md).

![How many times as long the peers take]({plot})

{machine}
All contenders of a measurement run in one page, on the same weights and inputs; their outputs are compared before
anything is timed. They take turns, and the median counts. One thread, unless a title says more. A time includes writing
the input and reading the output. *Function* is the exported WebAssembly function; *runtime* is what a page calls:
checks and, where the model is large, the way to its worker and back. Absolute times hold for that machine and day; the
ratios travel better.
"""


@dataclass(frozen=True, slots=True)
class Contest:
    """One workload: milliseconds by contender, and where they come from."""

    title: str
    milliseconds: Mapping[str, float]
    unable: Mapping[str, str]

    @property
    def own(self) -> float:
        times = {name: time for name, time in self.milliseconds.items() if name.startswith("Fanlight")}
        return times.get("Fanlight, function", min(times.values()))

    @property
    def peers(self) -> dict[str, float]:
        return {name: time for name, time in self.milliseconds.items() if not name.startswith("Fanlight")}


def document() -> list[Path]:
    """Writes the page and the plot; gives their places."""
    records = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in RESULTS.glob("*.json")}
    records = {name: records[name] for name in (*ORDER, *sorted(records.keys() - set(ORDER))) if name in records}
    contests = [each for record in records.values() for each in contests_of(record)]
    draw(contests)
    machine = next(iter(records.values()))["machine"]
    intro = INTRO.format(
        plot=PLOT.name,
        machine=f"Measured on {machine['cores']} cores of an {machine['processor']}, {machine['browser']}.",
    )
    parts = [intro, wanted_table(records)]
    for record in records.values():
        parts.append(f"## {record['title'][0].upper()}{record['title'][1:]}\n")
        tables = [contest_table(each) for each in contests_of(record)]
        parts += tables or [rows_table(record)]
        parts.append("\n".join(f"- {note}" for note in record["notes"] if not is_ranking(note)) + "\n")
        parts.append(f"[{record['script']}](../{record['script']}), {record['date']}.\n")
    PAGE.write_text("\n".join(part for part in parts if part.strip()), encoding="utf-8")
    return [PAGE, PLOT]


def is_ranking(note: str) -> bool:
    """Does it only repeat times of a table, or what could not be done?"""
    return note.count(" ms") > 2 or note.startswith(("TensorFlow.js", "ONNX Runtime Web", "LiteRT.js", "jax-js"))


def contests_of(record: Mapping[str, Any]) -> Iterator[Contest]:
    """The workloads of one result file in which contenders were timed."""
    details = record["details"]
    for job in details.get("jobs", [details] if "milliseconds" in details else []):
        times = {name: time for name, time in job["milliseconds"].items() if name not in HIDDEN}
        name = job.get("name") or Path(record["script"]).stem
        threads = record["settings"].get("threads", 1)
        title = called(name) + (f", {threads} threads" if threads > 1 else "")
        yield Contest(title, times, job.get("unable", {}))
    if Path(record["script"]).stem == "coldstart":
        times = {
            "Fanlight" if row["peer_name"] == "" else row["peer_name"]: row["peer"]
            for row in record["rows"]
            if row["unit"] == "ms"
        }
        yield Contest(LABELS["coldstart"], {"Fanlight": record["rows"][0]["fanlight"], **times}, {})


def called(name: str) -> str:
    """The words for a workload; what is none keeps its name."""
    size = name.removeprefix("matmul")
    return LABELS.get(name) or (f"product of {size}x{size} matrices" if size != name else name)


def wanted_table(records: Mapping[str, Mapping[str, Any]]) -> str:
    """Every figure that the project has set itself, and whether it was reached."""
    lines = ["| what | Fanlight | beside | | ratio | wanted | |", "|---|---:|---|---:|---:|---:|---|"]
    for name, record in records.items():
        for row in record["rows"]:
            if row["wanted"] is None:
                continue
            sign = "≥" if row["wants_more"] else "≤"
            own, peer = (f"{row[key]:.4g} {row['unit']}" for key in ("fanlight", "peer"))
            met = "reached" if row["met"] else "**missed**"
            figures = [
                f"{name}: {called(row['what'])}",
                own,
                row["peer_name"],
                peer,
                ratio(row["ratio"]),
                f"{sign} {ratio(row['wanted'])}",
                met,
            ]
            lines.append(f"| {' | '.join(figures)} |")
    return "\n".join(lines) + "\n"


def contest_table(contest: Contest) -> str:
    """All contenders, the quickest first; times as multiples of Fanlight's."""
    lines = [f"**{contest.title}**\n", "| contender | median | times as long |", "|---|---:|---:|"]
    for name, time in sorted(contest.milliseconds.items(), key=lambda entry: entry[1]):
        lines.append(f"| {name} | {duration(time)} | {time / contest.own:.3g} |")
    lines += [f"| {name} | cannot: {reason} | |" for name, reason in contest.unable.items()]
    return "\n".join(lines) + "\n"


def rows_table(record: Mapping[str, Any]) -> str:
    lines = ["| what | Fanlight | beside | | ratio |", "|---|---:|---|---:|---:|"]
    for row in record["rows"]:
        own, peer = (f"{row[key]:.4g} {row['unit']}" for key in ("fanlight", "peer"))
        lines.append(f"| {row['what']} | {own} | {row['peer_name']} | {peer} | {ratio(row['ratio'])} |")
    return "\n".join(lines) + "\n"


def ratio(value: float) -> str:
    return f"{value:.2f}" if value >= 0.4 else f"1/{1 / value:.3g}"


def duration(milliseconds: float) -> str:
    return f"{milliseconds:.3g} ms" if milliseconds >= 0.1 else f"{milliseconds * 1000:.3g} µs"


def draw(contests: list[Contest]) -> None:
    """For each workload a line, on it a dot for each peer: how many times as long as Fanlight it takes."""
    import matplotlib

    matplotlib.use("svg")
    matplotlib.rcParams["svg.hashsalt"] = "fanlight"  # the same figures give the same file
    from matplotlib import pyplot

    colours = {"TensorFlow.js": "#c2570c", "ONNX Runtime Web": "#a02c8d", "LiteRT.js": "#11806a", "jax-js": "#6f6a00"}
    shown = [each for each in contests if each.peers]
    figure, axes = pyplot.subplots(figsize=(9, 1.2 + 0.42 * len(shown)))
    labels: set[str] = set()
    for place, contest in enumerate(reversed(shown)):
        best: dict[str, float] = {}
        for name, time in contest.peers.items():
            family = name.split(",")[0]
            best[family] = min(best.get(family, time), time)
        for family, time in best.items():
            label = None if family in labels else family
            labels.add(family)
            axes.scatter(time / contest.own, place, s=64, color=colours.get(family, "#4b5a73"), label=label, zorder=3)
    axes.axvline(1, color="#2f4bd8", linewidth=2, label="Fanlight")
    axes.set_xscale("log")
    axes.set_yticks(range(len(shown)), [contest.title for contest in reversed(shown)])
    axes.set_xlabel("times as long as Fanlight (each peer at its best)")
    axes.xaxis.set_major_formatter(matplotlib.ticker.FuncFormatter(lambda value, _: f"{value:g}"))
    axes.grid(axis="x", color="#dcdcd6")
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.tick_params(left=False)
    axes.legend(loc="upper center", bbox_to_anchor=(0.4, -0.9 / (0.42 * len(shown) + 0.4)), ncols=5, frameon=False)
    figure.savefig(PLOT, bbox_inches="tight", metadata={"Date": None}, facecolor="white")
    pyplot.close(figure)


if __name__ == "__main__":
    document()
