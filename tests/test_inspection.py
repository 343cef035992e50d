"""Does `inspect` tell what is in a bundle? Facts against the model they came from, texts against their parsers."""

import json

import pytest

import fanlight as fl
from fanlight.bundle.read import read_bundle
from fanlight.compiler import GRAPH_STAGES
from fanlight.errors import ModelFormatError, StorageError, UnknownNameError
from fanlight.inspection import STAGES, inspect_source, print_inspection
from fanlight.ir.parse import parse_module
from fanlight.ir.parse_program import parse_program
from fanlight.ir.program_text import program_text
from fanlight.ir.text import module_text
from fanlight.loading import read_module
from fanlight.ops.registry import all_ops
from web.sites import iris, sine


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return iris(tmp_path_factory.mktemp("inspected") / "iris")


@pytest.fixture(scope="module")
def functions(tmp_path_factory):
    return sine(tmp_path_factory.mktemp("inspected") / "sine")


def test_the_facts_are_those_of_the_model(folder):
    found = inspect_source(folder)
    assert json.loads(json.dumps(found)) == found
    model = fl.load(folder)
    assert (found["form"], found["name"], found["training"]["optimizer"]) == ("folder", "iris", "adam")
    assert [row["name"] for row in found["layers"]] == [layer.name for layer in model.layers]
    assert sum(row["parameters"] for row in found["layers"]) == 4 * 12 + 12 + 12 * 3 + 3
    roles = {row["role"]: row for row in found["state"]}
    assert roles["parameter"]["numbers"] == roles["parameter"]["trainable"] == 99
    assert roles["parameter"]["bytes"] == 4 * 99
    program = model.compiled.program
    assert found["code"] == {"same": True}
    assert found["memory"]["bytes"] == program.bytes
    state = sum(buffer.bytes for buffer in program.buffers.values() if buffer.space == "state")
    assert found["memory"]["state"] == state
    assert found["memory"]["state"] + found["memory"]["derived"] + found["memory"]["arena"] < program.bytes


def test_functions_have_ends_and_kernels(folder):
    found = {each["name"]: each for each in inspect_source(folder)["functions"]}
    program = fl.load(folder).compiled.program
    assert found.keys() == program.procedures.keys()
    predict = found["predict"]
    assert predict["inputs"] == [{"name": "flower", "type": "f32[batch, 4]", "meaning": "table"}]
    assert predict["outputs"] == [{"name": "species", "type": "f32[batch, 3]", "meaning": "classes"}]
    assert predict["sizes"] == [{"name": "batch", "low": 1, "high": 32}]
    assert found["train_step"]["guarded"] and found["train_step"]["writes"]
    for name, each in found.items():
        assert sum(each["kernels"].values()) == len(program.procedures[name].kernels)
        counts = [kernel["operations"] for kernel in each["largest"]]
        assert counts == sorted(counts, reverse=True)
        assert sum(kernel["share"] for kernel in each["largest"]) <= 1.001
        assert 0 < each["arena_bytes"] < program.bytes
    assert predict["kernels"]["contract"] == 2 and predict["derived_kernels"] == 2


def test_files_are_all_that_the_folder_has(folder):
    found = inspect_source(folder)["files"]
    on_disk = {path.name: path.stat().st_size for path in folder.iterdir() if path.name != "fanlight.json"}
    assert {row["name"]: row["bytes"] for row in found} == on_disk
    assert [row["bytes"] for row in found] == sorted((row["bytes"] for row in found), reverse=True)


@pytest.mark.parametrize("stage", STAGES)
def test_the_text_after_a_stage_can_be_read_back(folder, stage):
    text = inspect_source(folder, stage)["text"]
    if stage == "lower":
        assert program_text(parse_program(text)) == text
    else:
        assert module_text(parse_module(text, all_ops())) == text
    assert ("= gradient(" in text) == (stage == "describe")


def test_the_stages_are_the_compilers():
    assert STAGES[1:-1] == tuple(name for name, _ in GRAPH_STAGES)


def test_plain_functions_have_no_layers(functions, capsys):
    found = inspect_source(functions)
    assert found["layers"] is None and found["training"] is None
    assert found["code"] == {"same": True}
    assert {each["name"] for each in found["functions"]} == {"predict", "step"}
    assert inspect_source(functions, "describe")["text"] == module_text(read_module(read_bundle(functions)))
    print_inspection(found)
    assert "layers" not in capsys.readouterr().out


def test_one_file_is_a_bundle_too(folder, tmp_path):
    path = fl.load(folder).export(tmp_path / "iris.html")
    found = inspect_source(path)
    assert found["form"] == "one-file" and found["training"] is None
    assert {each["name"] for each in found["functions"]} == {"init", "predict"}


def test_a_bundle_without_a_graph_shows_what_its_manifest_says(folder, tmp_path, capsys):
    manifest = json.loads((folder / "fanlight.json").read_text())
    del manifest["graph"]
    (tmp_path / "fanlight.json").write_text(json.dumps(manifest))
    found = inspect_source(tmp_path)
    assert found["layers"] is None and found["code"] is None
    assert all(each["kernels"] is None for each in found["functions"])
    print_inspection(found)
    assert "no graph" in capsys.readouterr().out
    with pytest.raises(ModelFormatError, match="expected a bundle with its graph"):
        inspect_source(tmp_path, "lower")


def test_it_prints_tables_for_people(folder, capsys):
    print_inspection(inspect_source(folder))
    printed = capsys.readouterr().out
    for text in ("iris: exported folder", "f32[batch, 4]", "(table)", "1 <= batch <= 32", "contract", "weights."):
        assert text in printed
    print_inspection(inspect_source(folder, "simplify"))
    assert capsys.readouterr().out.startswith("module\n  state ")


def test_what_is_wrong_is_said(folder, tmp_path):
    with pytest.raises(
        UnknownNameError, match="expected one of describe, differentiate, simplify, hoist, sink, lower, got 'fuse'"
    ):
        inspect_source(folder, "fuse")
    with pytest.raises(StorageError, match="is it the folder that an export wrote"):
        inspect_source(tmp_path)
    with pytest.raises(StorageError, match="expected a folder or an HTML file"):
        inspect_source(tmp_path / "missing")
    (tmp_path / "model.bin").write_bytes(b"\x08\x07")
    with pytest.raises(ModelFormatError, match="expected an exported page"):
        inspect_source(tmp_path / "model.bin")
