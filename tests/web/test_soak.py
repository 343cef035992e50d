"""Does a page keep its size over many rounds of loading, training, saving and disposing? A short soak; see soak.py."""

import pytest

from soak import growth, soak


@pytest.mark.full
def test_a_page_that_goes_on_working_does_not_grow(tmp_path, chromium_path):
    found = growth(soak(tmp_path / "soak", chromium_path, seconds=90, rest=0, every=2), settled=30)
    assert found["rounds"] > 30
    assert found["heap at the end"] < found["heap after settling"] + 2, found
    assert found["process at the end"] < 1.15 * found["process after settling"] + 10, found
