"""Where do TensorFlow's rules stand? In the table of all graphs, under `tf.` and the operation's name."""

from __future__ import annotations

from typing import Any

from fanlight.importers.graphs.table import rule


def op(*names: str, **more: Any) -> Any:
    return rule(*(f"tf.{name}" for name in names), **more)
