"""What do TensorFlow Lite's recurrent layers mean? An LSTM over a sequence, of floats."""

from __future__ import annotations
