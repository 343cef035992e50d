"""Does an exported folder predict and train in what Vite, webpack and Next make of it? In Chromium."""

from __future__ import annotations

import json
import shutil
from urllib.request import urlopen

import pytest

from fanlight.bundle.page import POLICY
from fanlight.server.serve import running
from frontends.conftest import check_learning
from frontends.projects import project

pytestmark = pytest.mark.full


SERVED = ("--host", "127.0.0.1", "--port", "PORT", "--strictPort")


@pytest.mark.parametrize("name", ["vite-react", "vite-vue"])
def test_vite(visitor, flowers, name):
    with project(name, flowers.folder, has_page=True) as vite:
        with vite.started("vite", *SERVED) as address:
            check_learning(visitor.learn(address), flowers.expected)
            assert len(visitor.page.workers) == 1
        vite.run("vite", "build")
        with vite.started("vite", "preview", *SERVED) as built:
            check_learning(visitor.learn(built), flowers.expected)
            assert len(visitor.page.workers) == 1
    assert visitor.origins == {address, built} and not visitor.complaints


def test_vite_with_the_folder_as_a_package(visitor, flowers):
    """In node_modules, where the development server bundles in advance."""
    with project("vite-vue", flowers.folder, at=".") as vite:
        (vite.folder / "node_modules").mkdir()
        (vite.folder / "site").rename(vite.folder / "node_modules" / "flowers")
        main = vite.folder / "main.js"
        main.write_text(main.read_text().replace("./site/index.js", "flowers"))
        with vite.started("vite", *SERVED) as address:
            check_learning(visitor.learn(address), flowers.expected)
    assert visitor.origins == {address} and not visitor.complaints


def test_a_folder_that_no_bundler_sees(visitor, flowers):
    """Among the files that are served as they are; imported by an address that is made when the page runs."""
    with project("vite-vue", flowers.folder, at=".") as vite:
        (vite.folder / "public").mkdir()
        (vite.folder / "site").rename(vite.folder / "public" / "site")
        main = vite.folder / "main.js"
        told = "const address = new URL('site/index.js', document.baseURI).href;\n"
        told += "const { load } = await import(/* @vite-ignore */ /* webpackIgnore: true */ address);"
        main.write_text(main.read_text().replace("import { load } from './site/index.js';", told))
        with vite.started("vite", *SERVED) as address:
            check_learning(visitor.learn(address), flowers.expected)
        vite.run("vite", "build")
        with running(vite.folder / "dist", is_isolated=False) as built:
            check_learning(visitor.learn(built), flowers.expected)
    assert visitor.origins == {address, built} and not visitor.complaints


def test_a_policy_in_the_page_binds_what_vite_builds(visitor, flowers):
    """The worker comes through a blob; weights that Vite has written into the code are not fetched."""
    with project("vite-vue", flowers.folder, at=".") as vite:
        html = vite.folder / "index.html"
        policy = f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        html.write_text(html.read_text().replace('<meta charset="utf-8">', '<meta charset="utf-8">' + policy))
        vite.run("vite", "build")
        with running(vite.folder / "dist") as address:
            check_learning(visitor.learn(address), flowers.expected)
            (worker,) = visitor.page.workers
            assert worker.url.startswith(f"blob:{address}")
    assert visitor.origins == {address} and not visitor.complaints


def test_vite_with_its_files_on_another_origin(visitor, flowers):
    """`base` names a content delivery network: the worker of the build comes through a blob."""
    with project("vite-vue", flowers.folder, at=".") as vite:
        dist = vite.folder / "dist"
        dist.mkdir()
        with running(dist, is_shared=True, is_isolated=False) as cdn, running(dist, is_isolated=False) as address:
            vite.run("vite", "build", "--base", cdn)
            check_learning(visitor.learn(address), flowers.expected)
            (worker,) = visitor.page.workers
            assert worker.url.startswith(f"blob:{address}")
    assert visitor.origins == {address, cdn} and not visitor.complaints


BUNDLERS = {
    "webpack": ("webpack", ["webpack"]),
    "rspack": ("others", ["node", "rspack.mjs"]),
    "parcel": ("others", ["parcel", "build", "src/index.html", "--no-cache"]),
}


@pytest.mark.parametrize("bundler", BUNDLERS)
def test_bundlers_that_follow_addresses(visitor, flowers, bundler):
    name, command = BUNDLERS[bundler]
    with project(name, flowers.folder) as bundled:
        bundled.run(*command)
        if bundler != "parcel":
            shutil.copy(bundled.folder / "src" / "index.html", bundled.folder / "dist")
        with running(bundled.folder / "dist", is_isolated=False) as address:
            check_learning(visitor.learn(address), flowers.expected)
    assert visitor.origins == {address} and not visitor.complaints


@pytest.mark.parametrize("bundler", ["vite", *BUNDLERS])
def test_threads_in_what_bundlers_write(visitor, many_flowers, bundler):
    """A host that isolates its pages: helpers begin from the files that the bundler has written."""
    name, command = BUNDLERS.get(bundler, ("vite-vue", ["vite", "build"]))
    with project(name, many_flowers.folder, at="." if bundler == "vite" else "src") as bundled:
        bundled.run(*command)
        if not (bundled.folder / "dist" / "index.html").exists():
            shutil.copy(bundled.folder / "src" / "index.html", bundled.folder / "dist")
        with running(bundled.folder / "dist") as address:
            found = visitor.learn(address)
            check_learning(found, many_flowers.expected)
            assert found["threads"] > 1 and len(visitor.page.workers) == found["threads"]
    assert visitor.origins == {address} and not visitor.complaints


AROUND = {
    "esbuild": ["esbuild", "main.js", "--bundle", "--format=esm", "--outfile=app.js", "--external:./site/*"],
    "rollup": ["rollup", "main.js", "--format", "es", "--file", "app.js", "--external", "SITE"],
    "bun": ["BUN", "build", "main.js", "--outfile", "app.js", "--external", "./site/*"],
}


@pytest.mark.parametrize("bundler", AROUND)
def test_bundlers_that_leave_the_folder_alone(visitor, flowers, bundler):
    with project("others", flowers.folder, at=".") as bundled:
        bun = next(bundled.tools.glob("node_modules/@oven/bun-*/bin/bun"), None)
        if bundler == "bun" and bun is None:
            pytest.skip("Bun is not installed")
        places = {"SITE": str(bundled.folder / "site" / "index.js"), "BUN": str(bun)}
        bundled.run(*(places.get(part, part) for part in AROUND[bundler]))
        (bundled.folder / "main.js").unlink()
        (bundled.folder / "flowers.js").unlink()
        html = bundled.folder / "index.html"
        html.write_text(html.read_text().replace("main.js", "app.js"))
        with running(bundled.folder, is_isolated=False) as address:
            check_learning(visitor.learn(address), flowers.expected)
    assert visitor.origins == {address} and not visitor.complaints


NEXT = {"turbopack": "load()", "webpack": "load('app/site/')"}


@pytest.mark.parametrize("bundler", NEXT)
def test_next(visitor, flowers, bundler):
    """A page drawn on the server, and a route there that predicts. On the server webpack gives addresses that nobody
    can read: the route names the folder, as seen from where the server is started."""
    with project("next", flowers.folder, at="app", has_page=True) as following:
        route = following.folder / "app" / "api" / "predict" / "route.js"
        route.write_text(route.read_text().replace("load()", NEXT[bundler]))
        following.run("next", "build", f"--{bundler}")
        with following.started("next", "start", "--hostname", "127.0.0.1", "--port", "PORT") as address:
            check_learning(visitor.learn(address), flowers.expected)
            with urlopen(f"{address}api/predict") as answer:
                assert json.load(answer) == pytest.approx(flowers.expected, abs=1e-5)
    assert visitor.origins == {address} and not visitor.complaints


ISOLATED = """
const headers = [
  { key: 'Cross-Origin-Opener-Policy', value: 'same-origin' },
  { key: 'Cross-Origin-Embedder-Policy', value: 'require-corp' },
];
export default { headers: async () => [{ source: '/(.*)', headers }] };
"""


def test_threads_in_next(visitor, many_flowers):
    with project("next", many_flowers.folder, at="app", has_page=True) as following:
        (following.folder / "next.config.mjs").write_text(ISOLATED)
        following.run("next", "build")
        with following.started("next", "start", "--hostname", "127.0.0.1", "--port", "PORT") as address:
            found = visitor.learn(address)
            check_learning(found, many_flowers.expected)
            assert found["threads"] > 1 and len(visitor.page.workers) == found["threads"]
    assert visitor.origins == {address} and not visitor.complaints
