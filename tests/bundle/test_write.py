"""Does a folder appear whole or not at all, and does it hold what a host and a page need?"""

import gzip
import hashlib
import json
import os
import re
import subprocess
from pathlib import Path

import numpy as np
import pytest

from fanlight.bundle import contents, write
from fanlight.bundle.link import PARTS
from fanlight.bundle.manifest import Manifest
from fanlight.bundle.read import read_bundle
from fanlight.bundle.write import write_bundle
from fanlight.errors import CompileError, IntegrityError, ModelFormatError, ShapeError, StorageError, UnknownNameError
from web.hand_made import line, pixels

ROOT = Path(__file__).parents[2]
ENTRIES = {"fanlight.json", "index.js", "index.d.ts", "types.d.ts", "package.json", "README.md"}
ENTRIES |= {*PARTS, *(part.replace(".js", ".d.ts") for part in PARTS)}


def listing(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


def test_every_file_is_listed_and_all_but_entries_carry_their_hash(tmp_path):
    extra = {"graph": b"graph", "selftest": {"predict/input/x": np.zeros((1, 4), np.float32)}}
    manifest = write_bundle(tmp_path / "site", *line(), **extra)
    files = listing(tmp_path / "site")
    assert set(files) == {*manifest.files, "fanlight.json"}
    assert Manifest.from_bytes(files["fanlight.json"]) == manifest
    for name, stated in manifest.files.items():
        assert stated.sha256 == hashlib.sha256(files[name]).hexdigest() and stated.bytes == len(files[name])
        assert stated.gzip == len(gzip.compress(files[name], 9, mtime=0))
        assert (name in ENTRIES) != bool(re.search(r"\.[0-9a-f]{8,12}\.", name)), name
    assert manifest.graph and files[manifest.graph] == b"graph" and manifest.graph.endswith(".json.gz")
    assert manifest.selftest and set(manifest.code) == {"portable", "relaxed"}


def test_the_same_model_gives_the_same_bytes(tmp_path):
    write_bundle(tmp_path / "a", *line())
    write_bundle(tmp_path / "b", *line())
    assert listing(tmp_path / "a") == listing(tmp_path / "b")


def test_names_change_with_contents_only(tmp_path):
    manifest, code, weights = line()
    first = write_bundle(tmp_path / "a", manifest, code, weights)
    second = write_bundle(tmp_path / "b", manifest, code, weights | {"b": np.zeros(1, np.float32)})
    assert first.code == second.code and first.weights != second.weights
    scripts = [{name for name in found.files if name.endswith(".js")} for found in (first, second)]
    assert scripts[0] == scripts[1]


def test_a_bundle_replaces_a_bundle_and_keeps_other_files(tmp_path):
    folder = tmp_path / "site"
    first = write_bundle(folder, *line())
    (folder / "CNAME").write_text("example.org")
    (folder / "pictures").mkdir()
    (folder / "pictures" / "cat.txt").write_text("a cat")
    folder.chmod(0o750)
    second = write_bundle(folder, *pixels())
    names = {path.name for path in folder.iterdir()}
    assert names == {*second.files, "fanlight.json", "CNAME", "pictures"}
    assert not names & (first.files.keys() - second.files.keys())
    assert (folder / "pictures" / "cat.txt").read_text() == "a cat"
    assert folder.stat().st_mode & 0o777 == 0o750
    assert [path.name for path in tmp_path.iterdir()] == ["site"], "temporary folders were left"


def test_folders_with_other_files_are_refused(tmp_path):
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "cat.jpg").write_bytes(b"cat")
    (tmp_path / "file").write_text("text")
    (tmp_path / "link").symlink_to(tmp_path / "photos")
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "fanlight.json").write_text("{}")
    (tmp_path / "empty").mkdir()
    for name, message in [
        ("photos", "other files"),
        ("file", "a file"),
        ("link", "symbolic link"),
        ("broken", "other files"),
    ]:
        with pytest.raises(StorageError, match=message):
            write_bundle(tmp_path / name, *line())
    assert (tmp_path / "photos" / "cat.jpg").read_bytes() == b"cat"
    write_bundle(tmp_path / "empty", *line())
    write_bundle(tmp_path / "new" / "folders" / "site", *line())


@pytest.mark.parametrize("moment", ["write", "swap", "after the old one is away"])
def test_a_failed_export_leaves_the_old_bundle(tmp_path, monkeypatch, moment):
    folder = tmp_path / "site"
    write_bundle(folder, *line())
    (folder / "CNAME").write_text("example.org")
    before = listing(folder)
    original = Path.rename

    def fail(*_args, **_options):
        raise OSError(28, "No space left on device")

    def rename(self, target):
        # The old folder moves away, the new one does not come.
        if moment == "swap" or self.name.startswith(".site."):
            fail()
        return original(self, target)

    if moment == "write":
        monkeypatch.setattr(Path, "write_bytes", fail)
    else:
        monkeypatch.setattr(Path, "rename", rename)
    with pytest.raises(StorageError, match="as it was"):
        write_bundle(folder, *pixels())
    monkeypatch.undo()
    assert listing(folder) == before
    assert [path.name for path in tmp_path.iterdir()] == ["site"]


def test_weights_are_checked_against_the_state(tmp_path):
    manifest, code, weights = line()
    cases = [
        (weights | {"v": weights["b"]}, UnknownNameError, "names of state"),
        ({"w": weights["w"]}, UnknownNameError, "'b'"),
        (weights | {"w": weights["w"][:2]}, ShapeError, r"float32\[4, 1\]"),
        (weights | {"b": np.zeros(1, np.int32)}, ShapeError, r"float32\[1\]"),
    ]
    for given, kind, message in cases:
        with pytest.raises(kind, match=message):
            write_bundle(tmp_path / "site", manifest, code, given)
    with pytest.raises(CompileError, match="portable"):
        write_bundle(tmp_path / "site", manifest, {"relaxed": code["relaxed"]}, weights)
    assert not (tmp_path / "site").exists()


def test_permissions_suit_a_web_host(tmp_path):
    mask = os.umask(0o022)
    try:
        write_bundle(tmp_path / "site", *line())
        write.write_file(tmp_path / "one.html", b"page")
    finally:
        os.umask(mask)
    assert (tmp_path / "site").stat().st_mode & 0o777 == 0o755
    assert {path.stat().st_mode & 0o777 for path in (tmp_path / "site").iterdir()} == {0o644}
    assert (tmp_path / "one.html").stat().st_mode & 0o777 == 0o644


def test_many_weights_have_an_index(tmp_path, monkeypatch):
    monkeypatch.setattr("fanlight.bundle.weights.SHARD_BYTES", 1)
    manifest = write_bundle(tmp_path / "site", *line())
    (index,) = (name for name in manifest.files if name.endswith(".index.json"))
    found = json.loads((tmp_path / "site" / index).read_text())
    assert found == {"metadata": {"total_size": 20}, "weight_map": dict(zip(("w", "b"), manifest.weights, strict=True))}
    assert set(read_bundle(tmp_path / "site").weights()) == {"w", "b"}


# Reading back


def test_a_bundle_is_read_back(tmp_path):
    manifest, code, weights = line()
    written = write_bundle(tmp_path / "site", manifest, code, weights, graph=b"graph")
    bundle = read_bundle(tmp_path / "site")
    bundle.verify()
    assert bundle.manifest == written and bundle.graph() == b"graph"
    for name, array in bundle.weights().items():
        assert array.tobytes() == weights[name].tobytes() and array.shape == weights[name].shape
    assert bundle.content(written.code["portable"]) == code["portable"]
    with pytest.raises(ModelFormatError, match="lists"):
        bundle.file("../secret")


def test_damage_is_noticed(tmp_path):
    manifest = write_bundle(tmp_path / "site", *line())
    bundle = read_bundle(tmp_path / "site")
    path = tmp_path / "site" / manifest.weights[0]
    whole = path.read_bytes()
    for data in (whole[:-1], whole + b"!", whole[:-1] + bytes([whole[-1] ^ 1])):
        path.write_bytes(data)
        with pytest.raises(IntegrityError, match=r"weights\."):
            bundle.weights()
    path.unlink()
    with pytest.raises(StorageError, match=r"weights\."):
        bundle.verify()
    (tmp_path / "other.html").write_text("<p>Hello</p>")
    with pytest.raises(ModelFormatError, match="an exported page"):
        read_bundle(tmp_path / "other.html")
    with pytest.raises(StorageError):
        read_bundle(tmp_path / "nothing")
    with pytest.raises(StorageError, match=r"fanlight\.json"):
        read_bundle(tmp_path)


# What it says of itself


def test_the_types_are_this_model_s(tmp_path):
    write_bundle(tmp_path / "line", *line())
    write_bundle(tmp_path / "pixels", *pixels())
    (tmp_path / "use.ts").write_text(
        """
        import { load, NonFiniteLossError, type Model } from './line/index.js';
        import { load as loadPixels } from './pixels/index.js';
        async function use(canvas: HTMLCanvasElement): Promise<number> {
          const model: Model = await load({ reproducible: true, onProgress: ({ loaded }) => console.log(loaded) });
          const { y } = await model.predict({ x: [1, 2, 3, 4] });
          const onEpochEnd = (epoch: number, logs: Record<string, number>) => logs.loss < 1 || epoch > 3;
          const history = await model.fit({ x: y }, y, { epochs: 2, onEpochEnd });
          const { sum } = await (await loadPixels('./elsewhere/')).predict({ image: canvas });
          await model.save('indexeddb://mine').catch((error) => error instanceof NonFiniteLossError);
          // @ts-expect-error: there is no such output
          const { z } = await model.predict({ x: y });
          // @ts-expect-error: nor such an input
          await model.predict({ image: canvas });
          // @ts-expect-error: nor does this model read pictures
          await model.predict({ x: canvas });
          // @ts-expect-error: nor does that one train
          await (await loadPixels()).fit({ image: canvas }, [1]);
          return y[0] + sum[0] + history.loss[0] + z;
        }
        use(document.createElement('canvas'));
        """
    )
    options = {"target": "es2022", "module": "es2022", "moduleResolution": "bundler", "lib": ["es2022", "dom"]}
    config = {"compilerOptions": {"strict": True, "noEmit": True, "types": [], **options}, "files": ["use.ts"]}
    (tmp_path / "tsconfig.json").write_text(json.dumps(config))
    tsc = ROOT / "node_modules" / ".bin" / "tsc"
    if not tsc.exists():
        pytest.skip("TypeScript is not installed")
    done = subprocess.run([tsc, "--project", tmp_path], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


def test_the_readme_and_the_package_name_the_model(tmp_path):
    write_bundle(tmp_path / "site", *line())
    readme = (tmp_path / "site" / "README.md").read_text()
    assert "const { y } = await model.predict({ x });" in readme and "model.fit({ x }, targets" in readme
    assert "| `x` | float32 [batch, 4] |" in readme and "$" not in readme
    package = json.loads((tmp_path / "site" / "package.json").read_text())
    assert (package["name"], package["type"], package["exports"]["."]["types"]) == ("line", "module", "./index.d.ts")


def test_names_of_files():
    assert contents.hashed("weights", ".safetensors", b"") == "weights.e3b0c44298fc.safetensors"
    assert contents.slug("Mobile Net V2 (é)") == "mobile-net-v2" and contents.slug("…") == "model"
