"""Does the guide for those who come from TensorFlow.js tell the truth? Its commands, its Python and its page run."""

import re
import shlex
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from fanlight.cli import main
from fanlight.server.serve import running
from web.browser import add_blank_page, visit

ROOT = Path(__file__).parents[1]
GUIDE = (ROOT / "docs" / "moving-from-tensorflowjs.md").read_text(encoding="utf-8")


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", GUIDE, re.DOTALL)


@pytest.fixture
def beside_a_model(tmp_path, monkeypatch):
    shutil.copytree(ROOT / "tests" / "importers" / "tensorflow" / "layers" / "trained_adam", tmp_path / "my-model")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_commands_and_the_page_run(beside_a_model, tab):
    (commands,) = blocks("sh")
    for line in commands.splitlines():
        program, *words = shlex.split(line)
        told = CliRunner().invoke(main, words)
        assert program == "fanlight" and told.exit_code == 0, told.output
    add_blank_page(beside_a_model / "site")
    (snippet,) = blocks("js")
    snippet = snippet.replace("import { load } from './index.js';\n", "")
    with running(beside_a_model / "site") as address:
        found = visit(tab, address)(f"""
        const xs = Float32Array.from({{ length: 160 }}, (_, i) => Math.sin(i * i));
        const ys = Float32Array.from({{ length: 120 }}, (_, i) => Number(i % 3 === Math.floor(i / 3) % 3));
        {snippet}
        return {{ answer: [...answer], losses: history.loss }};""")
    assert len(found["answer"]) == 3 and sum(found["answer"]) == pytest.approx(1, abs=1e-5)
    assert len(found["losses"]) == 5 and found["losses"][-1] < found["losses"][0]


def test_the_python_runs(beside_a_model):
    space: dict = {}
    for number, source in enumerate(blocks("python")):
        exec(compile(source, f"block {number + 1}", "exec"), space)
    assert (beside_a_model / "taught-site" / "index.js").is_file()
