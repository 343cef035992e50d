"""How does a model look? The table of its layers, for terminals and notebooks.

In: a network. Out: a rich table, or HTML. Knows no engine."""

from __future__ import annotations

from html import escape
from typing import Any

from fanlight.layers.network import Network, Row

COLUMNS = ("layer", "output", "parameters", "from")


def cells(row: Row) -> tuple[str, str, str, str]:
    """One line of the table as text; frozen parameters are marked."""
    count = f"{row.parameters:,}" if row.parameters else ""
    if row.parameters and not row.trainable:
        count += " (frozen)"
    return f"{row.name} ({row.kind})", ", ".join(map(repr, row.output)), count, ", ".join(row.inputs)


def totals(rows: list[Row]) -> str:
    """`1,234 parameters (4.8 KB), of which 1,200 are trained`."""
    total, trained = sum(r.parameters for r in rows), sum(r.trainable for r in rows)
    return f"{total:,} parameters ({4 * total / 1000:,.1f} KB), of which {trained:,} are trained"


def summary_table(network: Network) -> Any:
    """A table for `rich`."""
    from rich.table import Table
    from rich.text import Text

    rows = network.summary()
    table = Table(title=f"{network.name or network.auto_name}", caption=totals(rows), title_justify="left")
    for column in COLUMNS:
        table.add_column(column, justify="right" if column == "parameters" else "left")
    for row in rows:
        table.add_row(*map(Text, cells(row)))  # types have brackets, which rich would read as markup
    return table


def print_summary(network: Network) -> None:
    """Prints the table: with `rich`, or in plain text where a browser's Python has none."""
    try:
        from rich.console import Console
    except ModuleNotFoundError:
        print(summary_text(network))
    else:
        Console().print(summary_table(network))


def summary_text(network: Network) -> str:
    """The same table in columns of plain text."""
    rows = network.summary()
    lines = [COLUMNS, *map(cells, rows)]
    widths = [max(len(line[k]) for line in lines) for k in range(len(COLUMNS))]
    right = COLUMNS.index("parameters")
    laid = [
        "  ".join(text.rjust(width) if k == right else text.ljust(width) for k, (text, width) in enumerate(pairs))
        for pairs in (list(zip(line, widths, strict=True)) for line in lines)
    ]
    laid.insert(1, "-" * len(laid[0]))
    return "\n".join([f"{network.name or network.auto_name}", *(line.rstrip() for line in laid), totals(rows)])


def summary_html(network: Network) -> str:
    """The same table as HTML, for notebooks."""
    rows = network.summary()
    head = "".join(f"<th>{column}</th>" for column in COLUMNS)
    body = "".join("<tr>" + "".join(f"<td>{escape(text)}</td>" for text in cells(row)) + "</tr>" for row in rows)
    title = escape(network.name or network.auto_name)
    return (
        f"<table><caption>{title}: {totals(rows)}</caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    )
