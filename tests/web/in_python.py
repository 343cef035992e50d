"""How do tests run Python in a page? With npm's Pyodide in a local folder, and Fanlight's own wheel.

In: programs. Out: what they leave in `result`, as JSON. Without npm, or a way to its packages, tests are not run."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
PLAYGROUND = ROOT / "examples" / "playground"
CORE = ("pyodide.js", "pyodide.asm.mjs", "pyodide.asm.wasm", "python_stdlib.zip", "pyodide-lock.json")

# What Pyodide needs in a policy, and the runtime's blobs; no 'unsafe-eval'.
POLICY = (
    "default-src 'none'; script-src 'self' blob: 'wasm-unsafe-eval'; connect-src 'self'; worker-src 'self' blob:; "
    "img-src data:"
)


def node_packages() -> Path:
    """The playground's node_modules, installed where they are missing."""
    folder = PLAYGROUND / "node_modules"
    with one_at_a_time():
        if not (folder / "pyodide" / CORE[0]).is_file():
            npm = shutil.which("npm")
            if npm is None:
                pytest.skip("npm is not installed")
            command = [npm, "ci", "--no-audit", "--no-fund"]
            done = subprocess.run(command, cwd=PLAYGROUND, capture_output=True, text=True, timeout=600)
            if done.returncode:
                pytest.skip("the playground's npm packages could not be installed")
    return folder


@contextmanager
def one_at_a_time() -> Iterator[None]:
    """Test processes run beside each other; npm's installations must not."""
    fcntl = pytest.importorskip("fcntl")
    with open(Path(tempfile.gettempdir()) / "fanlight-playground.lock", "w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def build_wheel(folder: Path) -> Path:
    """Fanlight's wheel, as `pip install` would get it."""
    command = [sys.executable, "-m", "pip", "wheel", str(ROOT), "--no-deps", "--quiet", "-w", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600)
    if done.returncode and "hatchling" in done.stderr:
        pytest.skip("hatchling, which builds the wheel, could not be installed")
    assert done.returncode == 0, done.stderr[-2000:]
    (wheel,) = folder.glob("fanlight-*.whl")
    return wheel


def write_site(folder: Path) -> None:
    """A folder with Pyodide's core, the wheel, and a page without content."""
    pyodide = node_packages() / "pyodide"
    (folder / "pyodide").mkdir(parents=True)
    for name in CORE:
        shutil.copy(pyodide / name, folder / "pyodide" / name)
    wheel = build_wheel(folder)
    meta = f'<meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="{POLICY}">'
    head = f'{meta}<link rel="icon" href="data:,"><title>Python</title>'
    script = '<script src="pyodide/pyodide.js"></script><script src="start.js"></script>'
    (folder / "page.html").write_text(f'<!doctype html><html lang="en"><head>{head}{script}</head></html>')
    (folder / "worker.html").write_text(f'<!doctype html><html lang="en"><head>{head}</head></html>')
    (folder / "start.js").write_text(f"const WHEEL = '{wheel.name}';{START}")


# Defines run(base, program): starts Python once, runs a program, gives its `result` or the error.
START = """
let python;
globalThis.run = async (base, program) => {
  if (!python) {
    python = await loadPyodide({ indexURL: `${base}pyodide/` });
    await python.loadPackage(`${base}${WHEEL}`); // as a user would: no package is asked for beside it
  }
  await python.runPythonAsync(program);
  return python.runPython('import json; json.dumps(result)');
};
"""

# Runs a program in a classic worker from a blob: it is bound by the page's policy.
IN_WORKER = """
async ([base, program]) => {
  globalThis.worker ??= new Worker(URL.createObjectURL(new Blob([`
    importScripts('${base}pyodide/pyodide.js', '${base}start.js');
    onmessage = async ({ data }) => run(...data).then(
      (value) => postMessage({ value }), ({ message }) => postMessage({ message }));
  `])));
  const { value, message } = await new Promise((resolve, reject) => {
    worker.onmessage = ({ data }) => resolve(data);
    worker.onerror = ({ message }) => reject(new Error(message));
    worker.postMessage([base, program]);
  });
  if (message) throw new Error(message);
  return value;
}
"""
IN_PAGE = "([base, program]) => run(base, program)"


def run_python(page: Any, address: str, place: str, program: str) -> Any:
    """What `program` leaves in `result`; `place` is "page" or "worker"."""
    if not page.url.startswith(address):
        page.goto(f"{address}{place}.html")
    return json.loads(page.evaluate(IN_WORKER if place == "worker" else IN_PAGE, [address, program]))
