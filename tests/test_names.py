"""Does the table of contents keep its word: every public name is found, and `import fanlight` stays light?"""

import subprocess
import sys

import pytest

import fanlight


def test_importing_fanlight_loads_nothing_else():
    script = "import sys, fanlight; print([name for name in sys.modules if name.startswith(('fanlight.', 'numpy'))])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("name", [*fanlight.MODULES, *fanlight.NAMES])
def test_a_listed_name_is_there(name):
    assert getattr(fanlight, name) is not None


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute '_hidden'"):
        _ = fanlight._hidden
