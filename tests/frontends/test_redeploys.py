"""Does a visitor who was here before find a new version whole, and what was saved? In Chromium."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from fanlight.server.serve import HASHED
from frontends.conftest import Exported, export_flowers
from frontends.hosts import FOREVER, hosting
from web.browser import CAUGHT, add_blank_page, visit

pytestmark = pytest.mark.full

PREDICT = "Array.from((await model.predict({ flower: given })).species)"
ROWS = [[5.1, 3.5, 1.4, 0.2], [7.0, 3.2, 4.7, 1.4]]


@pytest.fixture(scope="module")
def newer(tmp_path_factory) -> Exported:
    """The same network, trained for longer: names and shapes are equal, weights differ."""
    return export_flowers(tmp_path_factory.mktemp("newer") / "site", epochs=9)


@pytest.fixture(scope="module")
def wider(tmp_path_factory) -> Exported:
    return export_flowers(tmp_path_factory.mktemp("wider") / "site", units=16)


def deploy(exported: Exported, folder: Path) -> None:
    """Replaces what is in the folder."""
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(exported.folder, folder)
    add_blank_page(folder)


def two_rows(exported: Exported) -> list[float]:
    return [*exported.expected[:3], *exported.expected[6:9]]


def test_what_was_saved_survives_redeploys(page, flowers, newer, wider, tmp_path):
    site = tmp_path / "site"
    deploy(flowers, site)
    with hosting(site) as address:
        learn = "await model.fit({ flower: given }, [0, 1], { epochs: 20 }); await model.save('indexeddb://mine');"
        learnt = visit(page, address)(f"const model = await load(); {learn} return {PREDICT};", ROWS)
        assert learnt != pytest.approx(two_rows(flowers), abs=1e-3)

        # Equal names and shapes.
        deploy(newer, site)
        restore = f"const before = {PREDICT}; await model.restore('indexeddb://mine'); return [before, {PREDICT}];"
        before, after = visit(page, address)(f"const model = await load(); {restore}", ROWS)
        assert before == pytest.approx(two_rows(newer), abs=1e-5) and after == pytest.approx(learnt, abs=1e-6)

        # Others: it says which, and keeps what is there.
        deploy(wider, site)
        refused = f"const error = await caught(() => model.restore('indexeddb://mine')); return [error, {PREDICT}];"
        error, as_before = visit(page, address)(f"{CAUGHT} const model = await load(); {refused}", ROWS)
        assert error["name"] == "StorageError" and "It was left as it is" in error["message"]
        assert "[4,12] there and float32 [4,16] here" in error["message"]
        assert as_before == pytest.approx(two_rows(wider), abs=1e-5)
        deploy(flowers, site)
        assert visit(page, address)(f"const model = await load(); {restore}", ROWS)[1] == pytest.approx(
            learnt, abs=1e-6
        )


def cached(path: Path) -> dict[str, str]:
    """As GitHub Pages has it: ten minutes for everything, whatever its name."""
    return {"Cache-Control": "max-age=600"}


def immutable(path: Path) -> dict[str, str]:
    """As docs/hosting.md has it."""
    return FOREVER if HASHED.search(path.name) else {"Cache-Control": "no-cache"}


@pytest.mark.parametrize("headers", [cached, immutable])
def test_a_cached_entry_finds_the_new_version(page, flowers, newer, tmp_path, headers):
    """The old index.js may come from the browser's cache; the manifest is asked for anew."""
    site = tmp_path / "site"
    deploy(flowers, site)
    script = f"const model = await load(); return {PREDICT};"
    asked: list[str] = []
    with hosting(site, headers, asked=asked) as address:
        assert visit(page, address)(script, ROWS) == pytest.approx(two_rows(flowers), abs=1e-5)
        deploy(newer, site)
        assert visit(page, address)(script, ROWS) == pytest.approx(two_rows(newer), abs=1e-5)
    assert asked.count("/index.js") == (1 if headers is cached else 2) and asked.count("/fanlight.json") == 2


def mixed(folder: Path, *parts: tuple[Exported, str]) -> Path:
    """Files of several versions in one folder, as caches between a host and a visitor give them."""
    for exported, pattern in parts:
        for path in exported.folder.glob(pattern):
            folder.mkdir(exist_ok=True)
            shutil.copy(path, folder)
    add_blank_page(folder)
    return folder


def test_an_old_entry_before_new_files(page, flowers, newer, tmp_path):
    site = mixed(tmp_path / "site", (newer, "*"), (flowers, "index.js"))
    with hosting(site) as address:
        found = visit(page, address)(f"const model = await load(); return {PREDICT};", ROWS)
    assert found == pytest.approx(two_rows(newer), abs=1e-5)


def test_an_old_manifest_before_new_files_is_refused_or_whole(page, flowers, newer, tmp_path):
    """Where the old files are gone the error names one; where a cache still has them, the old version is whole."""
    site = mixed(tmp_path / "site", (newer, "*"), (flowers, "fanlight.json"))
    with hosting(site) as address:
        error = visit(page, address)(f"{CAUGHT} return caught(() => load());")
        assert error["name"] == "IntegrityError" and "weights." in error["message"] and "404" in error["message"]
    mixed(site, (flowers, "*.safetensors"), (flowers, "code.*"))
    with hosting(site) as address:
        found = visit(page, address)(f"const model = await load(); return {PREDICT};", ROWS)
    assert found == pytest.approx(two_rows(flowers), abs=1e-5)


def test_a_file_of_another_version_under_the_right_name_is_refused(page, flowers, newer, tmp_path):
    site = mixed(tmp_path / "site", (flowers, "*"))
    (weights,) = site.glob("weights.*")
    shutil.copy(next(newer.folder.glob("weights.*")), weights)
    with hosting(site) as address:
        error = visit(page, address)(f"{CAUGHT} return caught(() => load());")
    assert error["name"] == "IntegrityError" and weights.name in error["message"]


def test_a_host_that_answers_everything_with_its_page(page, flowers, tmp_path):
    """As hosts of single-page apps do, with status 200: what is missing is not taken for a file."""
    site = mixed(tmp_path / "site", (flowers, "*"))
    (weights,) = site.glob("weights.*")
    weights.unlink()
    with hosting(site, fallback="blank.html") as address:
        error = visit(page, address)(f"{CAUGHT} return caught(() => load());")
        assert error["name"] == "IntegrityError" and weights.name in error["message"]
        (site / "fanlight.json").unlink()
        error = visit(page, address)(f"{CAUGHT} return caught(() => load());")
    assert error["name"] == "ModelFormatError" and "is not JSON; upload the whole folder again" in error["message"]
