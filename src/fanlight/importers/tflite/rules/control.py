"""What do TensorFlow Lite's branches and loops mean? What TensorFlow's do, over other graphs of the file."""

from __future__ import annotations

from fanlight.importers.tensorflow.rules import control
from fanlight.importers.tflite.rules.table import op

op("IF", bytes_="own", said={"then_branch": "then", "else_branch": "else"})(control.branch)
op("WHILE", bytes_="own")(control.loop)
