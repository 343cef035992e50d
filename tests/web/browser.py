"""How do tests run JavaScript? In a page of a served folder (a tab of any browser, a page of Playwright), or in Node.

`visit` opens a page under the policy of every exported page and gives a function that runs scripts in it; `run_node`
runs one in Node. Scripts are bodies of async functions; what they return comes back as JSON."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fanlight.bundle.page import POLICY

BLANK = "blank.html"


def add_blank_page(folder: Path, policy: str = POLICY) -> None:
    """A page without content, under the policy that every exported page has."""
    meta = f'<meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="{policy}">'
    meta += '<link rel="icon" href="data:,"><title>Blank</title>'
    (folder / BLANK).write_text(f'<!doctype html><html lang="en"><head>{meta}</head></html>')


def visit(page: Any, address: str) -> Callable[..., Any]:
    """Opens `address` + blank.html; the function returned runs scripts there, in which `load` is the bundle's and
    `given` the other argument."""
    page.goto(address + BLANK)

    def run(script: str, given: Any = None) -> Any:
        body = f"async (given) => {{ const {{ load, ...errors }} = await import('{address}index.js'); {script} }}"
        return page.evaluate(body, given)

    return run


def run_node(script: str, given: Any = None, at: Path | None = None, node: str | Path | None = None) -> Any:
    """What the script returns; `load` is that of the bundle in `at`, `given` the other argument."""
    node = node or shutil.which("node")
    if node is None or not Path(node).exists():
        pytest.skip("Node is not installed")
    start = f"const {{ load, ...errors }} = await import({json.dumps((at / 'index.js').as_uri())});" if at else ""
    result = "process.stdout.write('\\n@result ' + JSON.stringify(result ?? null, (_, v) => ArrayBuffer.isView(v)"
    result += " ? Array.from(v, Number) : typeof v === 'bigint' ? Number(v) : v));"
    body = f"const given = {json.dumps(given)}; {start} const result = await (async () => {{ {script} }})(); {result}"
    done = subprocess.run([node, "--input-type=module", "-e", body], capture_output=True, text=True, timeout=60, cwd=at)
    assert done.returncode == 0, f"{done.returncode} {done.stderr[-3000:]} {done.stdout[-500:]}"
    return json.loads(done.stdout.rsplit("\n@result ", 1)[1])


# Runs an async function and returns the error that it throws, as JSON.
CAUGHT = """
const caught = async (act) => {
  try {
    await act();
    return null;
  } catch ({ name, message, step, epoch }) {
    return { name, message, step, epoch };
  }
};
"""


def run_model(site: Any, script: str, given: Any = None) -> Any:
    """As run_node, with the site's `model` loaded and `caught` at hand."""
    return run_node(f"{CAUGHT} const model = await load(); {script}", given, site.folder)
