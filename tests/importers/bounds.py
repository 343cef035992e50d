"""What a file that nobody trusts may cost before it is opened or refused."""

import time
import tracemalloc
from contextlib import contextmanager
from pathlib import Path

import pytest

import fanlight as fl
from fanlight.errors import ModelFormatError, UnsupportedOp

SECONDS, BYTES = 1.0, 200 << 20


@contextmanager
def little_time(seconds: float = SECONDS):
    begin = time.process_time()
    yield
    assert time.process_time() - begin < seconds


@contextmanager
def little_memory(most: int = BYTES):
    tracemalloc.start()
    try:
        yield
        assert tracemalloc.get_traced_memory()[1] < most
    finally:
        tracemalloc.stop()


def refused_at_once(path: Path, seconds: float = SECONDS, most: int = BYTES) -> str:
    """What the refusal of a broken file says, which was quick: not that Fanlight lacks something."""
    with little_time(seconds), little_memory(most), pytest.raises(ModelFormatError) as caught:
        fl.load(path)
    assert str(caught.value)
    assert not isinstance(caught.value, UnsupportedOp)
    return str(caught.value)
