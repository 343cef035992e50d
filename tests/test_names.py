"""Does the table of contents keep its word: every public name is found, and `import fanlight` stays light?"""

import ast
import subprocess
import sys
from pathlib import Path

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


def test_a_near_miss_is_answered():
    with pytest.raises(AttributeError, match=r"did you mean fl\.Sequential\?"):
        _ = fanlight.sequental
    with pytest.raises(AttributeError, match=r"dir\(fanlight\)"):
        _ = fanlight.xylophone


def test_editors_see_every_listed_name():
    tree = ast.parse(Path(fanlight.__file__).read_text(encoding="utf-8"))
    (block,) = (node for node in tree.body if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING")
    seen = {alias.asname: node.module for node in block.body for alias in node.names}
    modules = {name: path.rpartition(".")[0] for name, path in fanlight.MODULES.items()}
    assert seen == fanlight.NAMES | modules
