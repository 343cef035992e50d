"""Does `inspect` say of an ONNX file what one should know before it is converted, refusals all at once?"""

import json

import numpy as np
import onnx
import pytest
from click.testing import CliRunner
from onnx import TensorProto, helper

import fanlight as fl
from fanlight.cli import main
from fanlight.errors import UnsupportedOp
from fanlight.inspection import inspect_source, print_inspection
from importers.test_onnx import published, small, write


def shown(found, capsys):
    print_inspection(found)
    return capsys.readouterr().out


def test_what_is_in_a_file(tmp_path, rng, capsys):
    found = inspect_source(small(tmp_path / "small.onnx", rng))
    assert json.loads(json.dumps(found)) == found
    assert found["inputs"] == [{"name": "x", "dtype": "float32", "shape": ["batch", 3, 8, 8]}]
    assert found["opsets"] == {"ai.onnx": 17} and found["ir_version"] == 9 and found["nodes"] == 6
    operators = {each["name"]: each for each in found["operators"]}
    assert operators["Conv"]["count"] == 1 and operators["Conv"]["gradient"] is True
    assert found["weights"] == {"tensors": 8, "numbers": 220, "bytes": 880, "trainable": 208}  # all but the statistics
    assert found["multiply_adds"] == 8 * 8 * 6 * 3 * 3 * 3 + 4 * 6
    assert found["lost"] == ["batch normalization goes by its stored statistics"]
    assert found["convertible"] and found["refused"] == []
    text = shown(found, capsys)
    assert "float32[batch, 3, 8, 8]" in text and "made for inference: batch normalization" in text
    assert text.splitlines()[-1].startswith("next: fanlight convert ") and "--image torch" in text


def test_everything_that_is_refused_is_told_at_once(tmp_path, capsys):
    nodes = [
        helper.make_node("NoSuchThing", ["x"], ["a"], "first", domain="my.own"),
        helper.make_node("NoSuchThing", ["x"], ["b"], "second", domain="my.own"),
        helper.make_node("Relu", ["a"], ["c"], "after"),
        helper.make_node("NonZero", ["x"], ["d"], "where"),
        helper.make_node("ZipMap", ["c"], ["e"], "map", domain="ai.onnx.ml", classlabels_int64s=[0, 1]),
    ]
    path = write(tmp_path / "own.onnx", nodes, [("x", (1, 2))], [("c", (1, 2)), ("d", None)])
    model = onnx.load(path)
    model.opset_import.extend([helper.make_opsetid("my.own", 1), helper.make_opsetid("ai.onnx.ml", 1)])
    element = helper.make_map_type_proto(TensorProto.INT64, helper.make_tensor_type_proto(TensorProto.FLOAT, []))
    model.graph.output.append(helper.make_value_info("e", helper.make_sequence_type_proto(element)))
    onnx.save(model, path)
    found = inspect_source(path)
    assert not found["convertible"] and found["weights"]["trainable"] is None
    refused = {each["what"]: each for each in found["refused"]}
    assert set(refused) == {"my.own.NoSuchThing", "NonZero", "ai.onnx.ml.ZipMap", "an output"}
    assert refused["my.own.NoSuchThing"]["nodes"] == ["first", "second"]
    assert "depends on data" in refused["NonZero"]["why"] or "as many" in refused["NonZero"]["why"]
    assert refused["an output"]["why"] == "expected tensors, got a sequence"
    text = shown(found, capsys)
    assert "first, second" in text and text.splitlines()[-1].startswith("next: it cannot be converted")


def test_an_output_that_is_no_tensor_is_refused(tmp_path):
    nodes = [helper.make_node("Relu", ["x"], ["y"]), helper.make_node("SequenceConstruct", ["y"], ["all"])]
    path = write(tmp_path / "sequence.onnx", nodes, [("x", (1, 2))], [("y", (1, 2))])
    model = onnx.load(path)
    kind = helper.make_sequence_type_proto(helper.make_tensor_type_proto(TensorProto.FLOAT, [1, 2]))
    model.graph.output.append(helper.make_value_info("all", kind))
    onnx.save(model, path)
    with pytest.raises(UnsupportedOp, match=r"SequenceConstruct|'all' of sequence"):
        fl.load(path)


def test_open_axes_are_named_in_the_next_command(tmp_path, rng, capsys):
    node = helper.make_node("MatMul", ["x", "w"], ["y"])
    tensors = [("w", rng.normal(size=(4, 5)).astype("float32"))]
    shapes = ("batch", "words", 4), ("batch", "words", 5)
    path = write(tmp_path / "open.onnx", [node], [("x", shapes[0])], [("y", shapes[1])], tensors)
    found = inspect_source(path)
    assert found["open"] == ["words"] and found["multiply_adds"] is None
    assert "--dim words=128" in found["next"]
    assert "work: depends on words" in shown(found, capsys)


def test_work_inside_a_loop_counts_for_each_step(tmp_path, rng):
    sizes = {"w": (1, 12, 2), "r": (1, 12, 3)}
    tensors = [(name, rng.normal(size=shape).astype("float32")) for name, shape in sizes.items()]
    node = helper.make_node("LSTM", ["x", "w", "r"], ["y"], hidden_size=3)
    path = write(tmp_path / "lstm.onnx", [node], [("x", (7, 1, 2))], [("y", (7, 1, 1, 3))], tensors)
    assert inspect_source(path)["multiply_adds"] == 7 * (12 * 2 + 12 * 3)


@pytest.mark.parametrize(("name", "count"), [("mobilenetv2_features", 299_494_272), ("squeezenet1.1", 349_151_936)])
def test_published_models(name, count):
    found = inspect_source(published(name))
    assert found["convertible"] and found["multiply_adds"] == count
    assert all(each["gradient"] for each in found["operators"])


def test_other_files_are_refused(tmp_path, rng):
    path = small(tmp_path / "small.onnx", rng)
    with pytest.raises(UnsupportedOp, match=r"--after, got .*; convert it first: fanlight convert .*small\.onnx"):
        inspect_source(path, "lower")
    (tmp_path / "model.keras").write_bytes(b"")
    told = CliRunner().invoke(main, ["inspect", str(tmp_path / "model.keras")])
    assert told.exit_code == 1 and "convert it first: fanlight convert" in told.stderr
    path.write_bytes(np.random.default_rng(0).bytes(100))
    told = CliRunner().invoke(main, ["inspect", str(path), "--json"])
    assert told.exit_code == 1 and json.loads(told.stdout)["error"] == "ModelFormatError"
