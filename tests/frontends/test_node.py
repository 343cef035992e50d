"""Does an exported folder predict and train without a browser: in Node, Bun and Deno, as a file and as a package?"""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from frontends.conftest import check_learning
from frontends.projects import PLAIN, Project, installed, node, plain

pytestmark = pytest.mark.full

ROOT = Path(__file__).parents[2]
NO_WORKER = ["There is no worker"]

MODULE = """
import { learn } from './flowers.js';
import { load } from './site/index.js';

const model = await load();
console.log(JSON.stringify(await learn(model)));
model.dispose();
"""


def said(*command: str | Path, at: Path) -> Any:
    """What a script prints last, as JSON; it ends by itself, without an error."""
    done = subprocess.run(
        [str(part) for part in command], cwd=at, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.splitlines()[-1])


@pytest.fixture
def folder(tmp_path, flowers) -> Path:
    return plain(tmp_path / "app", flowers.folder)


def test_a_module_of_node(folder, flowers):
    (folder / "package.json").write_text('{ "type": "module" }')
    # Looking for a worker, where there is none, leaves nothing behind.
    (folder / "learn.js").write_text(MODULE + "if ('Worker' in globalThis) throw new Error('a global is left');\n")
    check_learning(said(node(), "learn.js", at=folder), flowers.expected, NO_WORKER)


CALLS = {
    "import": "import('./site/index.js')",
    "require": "Promise.resolve(require('./site'))",
}


@pytest.mark.parametrize("how", CALLS)
def test_a_package_of_the_older_kind(folder, flowers, how):
    """A script of CommonJS; `require` of a module needs Node 20.19 or 22.12."""
    version = tuple(map(int, said(node(), "-p", "JSON.stringify(process.versions.node.split('.'))", at=folder)))
    if how == "require" and not (version >= (22, 12) or (20, 19) <= version < (21,)):
        pytest.skip("this Node cannot require modules")
    (folder / "package.json").write_text('{ "type": "commonjs" }')
    (folder / "flowers.js").rename(folder / "flowers.mjs")
    script = f"""
    const both = Promise.all([{CALLS[how]}, import('./flowers.mjs')]);
    both.then(async ([{{ load }}, {{ learn }}]) => console.log(JSON.stringify(await learn(await load()))));
    """
    (folder / "learn.js").write_text(script)
    check_learning(said(node(), "learn.js", at=folder), flowers.expected, NO_WORKER)


RUNTIMES = {
    "bun": ("node_modules/@oven/bun-*/bin/bun", ["run"]),
    "deno": ("node_modules/@deno/*/deno", ["run", "--allow-read"]),
}


@pytest.mark.parametrize("name", RUNTIMES)
def test_other_runtimes(folder, flowers, name):
    """They have workers; a process ends when the model is disposed."""
    pattern, arguments = RUNTIMES[name]
    runtime = next(installed().glob(pattern), None)
    if runtime is None:
        pytest.skip(f"{name} is not installed")
    (folder / "learn.mjs").write_text(MODULE)
    check_learning(said(runtime, *arguments, "learn.mjs", at=folder), flowers.expected)


NAMED = """
import { learn } from './flowers.js';
import { load } from 'flowers';

const model = await load();
console.log(JSON.stringify(await learn(model)));
"""

# Each line that is wrong says so: the types are those of this model.
TYPED = """
import { load, ShapeError, type Inputs, type Model, type Outputs } from 'flowers';

const inputs: Inputs = { flower: [[5.1, 3.5, 1.4, 0.2]] };
const model: Model = await load({ thread: 'page', onProgress: ({ loaded, total }) => console.log(loaded / total) });
const { species }: Outputs = await model.predict(inputs);
const first: number = species[0];
const { loss } = await model.fit({ flower: [{ 'sepal length': 5.1 }] }, ['setosa'], { epochs: 5 });
const saved: ArrayBuffer = await model.save('buffer');
// @ts-expect-error: this model has no such input
await model.predict({ image: [1] });
// @ts-expect-error: nor such an output
(await model.predict(inputs)).probabilities;
// @ts-expect-error: nor this option
await load({ workers: 4 });
export const told: number[] = loss;
export const named = (error: unknown) => error instanceof ShapeError && error.message + first + saved.byteLength;
"""


def test_npm_installs_the_folder(folder, flowers):
    (folder / "package.json").write_text('{ "private": true, "type": "module" }')
    Project(folder, folder).run("npm", "install", "./site", "--offline", "--no-audit", "--no-fund")
    assert json.loads((folder / "package.json").read_text())["dependencies"] == {"flowers": "file:site"}
    (folder / "learn.js").write_text(NAMED)
    check_learning(said(node(), "learn.js", at=folder), flowers.expected, NO_WORKER)
    (folder / "where.js").write_text("console.log(JSON.stringify(import.meta.resolve('flowers/fanlight.json')));")
    assert said(node(), "where.js", at=folder).endswith("/site/fanlight.json")


def test_npm_packs_the_folder(tmp_path, flowers):
    """As a published package arrives: a copy in node_modules, nothing left out."""
    shutil.copytree(flowers.folder, tmp_path / "site")
    app = tmp_path / "app"
    app.mkdir()
    shutil.copy(PLAIN / "flowers.js", app)
    (app / "package.json").write_text('{ "private": true, "type": "module" }')
    npm = Project(app, app)
    packed = npm.run("npm", "pack", "../site", "--silent").split()[-1]
    npm.run("npm", "install", f"./{packed}", "--offline", "--no-audit", "--no-fund")
    arrived = {path.name for path in (app / "node_modules" / "flowers").iterdir()}
    assert arrived == {path.name for path in flowers.folder.iterdir()}
    (app / "learn.js").write_text(NAMED)
    check_learning(said(node(), "learn.js", at=app), flowers.expected, NO_WORKER)


@pytest.mark.parametrize("resolution", ["bundler", "node16", "nodenext"])
def test_types_are_found_and_say_what_this_model_takes(folder, resolution):
    compiler = ROOT / "node_modules" / ".bin" / "tsc"
    if not compiler.exists():
        pytest.skip("TypeScript is not installed")
    (folder / "package.json").write_text('{ "private": true, "type": "module" }')
    (folder / "node_modules").mkdir()
    (folder / "node_modules" / "flowers").symlink_to("../site")
    (folder / "typed.ts").write_text(TYPED)
    module = "es2022" if resolution == "bundler" else resolution
    options = ["--module", module, "--moduleResolution", resolution, "--target", "es2022", "--lib", "es2022,dom"]
    Project(folder, folder).run(str(compiler), "--noEmit", "--strict", *options, "typed.ts")
