"""Does `verify --against` find a bundle equal to its file, and would it see another? In Chromium, beside
onnxruntime."""

import json
import sys

import numpy as np
import onnx
import pytest
from click.testing import CliRunner
from onnx import TensorProto, helper, numpy_helper

import fanlight as fl
from fanlight.bundle.read import read_bundle
from fanlight.cli import main
from fanlight.errors import ModelFormatError, UnsupportedOp
from fanlight.onnx_files import described
from fanlight.verification import print_verification, verify_bundle
from fanlight.verification.against import check_against, difference
from fanlight.verification.browser import in_own_thread
from fanlight.verification.original import Original
from importers.test_onnx import published, small, write


def exported(path, folder, **said):
    return fl.load(path, **said).export(folder)


def looked_up(path, rng):
    """Words that are looked up in a table of 60, an open axis, floats of another size, and two outputs."""
    nodes = [
        helper.make_node("Gather", ["table", "ids"], ["a"], "words"),
        helper.make_node("ReduceMean", ["a"], ["m"], "mean", axes=[1], keepdims=0),
        helper.make_node("Cast", ["x"], ["x32"], "cast", to=TensorProto.FLOAT),
        helper.make_node("Add", ["m", "x32"], ["scores"], "add"),
        helper.make_node("ArgMax", ["scores"], ["label"], "label", axis=-1, keepdims=0),
    ]
    tensors = [("table", rng.normal(size=(60, 4)).astype("float32"))]
    write(path, nodes, [("x", ("batch", 4))], [("scores", ("batch", 4))], tensors)
    model = onnx.load(path)
    model.graph.input[0].type.tensor_type.elem_type = TensorProto.DOUBLE
    model.graph.input.append(helper.make_tensor_value_info("ids", TensorProto.INT64, ("batch", "words")))
    model.graph.output.append(helper.make_tensor_value_info("label", TensorProto.INT64, ("batch",)))
    onnx.save(model, path)
    return path


def test_a_bundle_computes_what_its_file_computes(tmp_path, rng, chromium_path):
    path = looked_up(tmp_path / "words.onnx", rng)
    found = verify_bundle(exported(path, tmp_path / "site", dims={"words": 6}), against=path)
    assert found["ok"], found["checks"]
    assert json.loads(json.dumps(found)) == found
    rows = found["against"]["outputs"]
    assert {row["variant"] for row in rows} == {"relaxed", "portable"}
    assert {row["case"] for row in rows} == {"random, batch 1, words 5", "random, batch 3, words 6", "self-test"}
    assert {row["output"] for row in rows} == {"scores", "label"}
    assert all(row["absolute"] == 0 for row in rows if row["output"] == "label")
    assert found["against"]["tolerance"] == 1e-4 and found["against"]["changed"] == []
    names = [each["name"] for each in found["checks"]]
    assert names[-2:] == ["against words.onnx", "against words.onnx, reproducible"]


@pytest.mark.full
def test_pictures_and_weights_in_fewer_bytes(tmp_path, rng, chromium_path, capsys):
    path = small(tmp_path / "small.onnx", rng)
    model = fl.load(path, **described(path, "caffe", None, ()))
    model.set_weights(model.weights() | {"conv.bias": np.full(6, 3, "float32")})
    folder = model.export(tmp_path / "site", quantize="float16")
    told = CliRunner().invoke(main, ["verify", str(folder), "--against", str(path), "--json"])
    assert told.exit_code == 1, told.output
    found = json.loads(told.output)
    assert "stored as float16" in found["checks"][-1]["detail"]
    assert {row["ok"] for row in found["against"]["outputs"]} == {False}
    print_verification(found)
    printed = capsys.readouterr().out
    assert "too much" in printed and "--tolerance allows more" in printed
    same = read_bundle(exported(path, tmp_path / "same.html", **described(path, "caffe", None, ())))
    (check,), facts = in_own_thread(lambda: check_against(Original(same, path), None))
    assert check["ok"], check
    assert {row["variant"] for row in facts["outputs"]} == {"portable"}


def test_what_was_trained_since_is_told(tmp_path, rng):
    path = small(tmp_path / "small.onnx", rng)
    model = fl.load(path)
    assert Original(read_bundle(model.export(tmp_path / "site")), path).changed_weights() == []
    model.set_weights(model.weights() | {"conv.bias": np.zeros(6, "float32")})
    assert Original(read_bundle(model.export(tmp_path / "other")), path).changed_weights() == ["conv.bias"]


def test_another_file_is_refused(tmp_path, rng):
    path, other = small(tmp_path / "small.onnx", rng), small(tmp_path / "other.onnx", rng, ("batch", 3, 9, 8))
    bundle = read_bundle(exported(path, tmp_path / "site"))
    with pytest.raises(ModelFormatError, match=r"expected inputs x float32\['batch', 3, 8, 8\], got x .*other\.onnx"):
        Original(bundle, other)
    model = fl.load(path)
    model.replace_head(2, at="relu")
    with pytest.raises(ModelFormatError, match=r"expected outputs \w+ \(not of a file\), got y"):
        Original(read_bundle(model.export(tmp_path / "head")), path)
    own = fl.Sequential([fl.Input((2,)), fl.layers.Dense(1)]).export(tmp_path / "own")
    with pytest.raises(ModelFormatError, match="which was made another way"):
        Original(read_bundle(own), path)


def test_an_input_that_is_always_the_same_is_given_to_the_file(tmp_path):
    node = helper.make_node("Reshape", ["x", "shape"], ["y"])
    path = write(tmp_path / "reshape.onnx", [node], [("x", ("batch", 6))], [("y", None)])
    model = onnx.load(path)
    model.graph.input.append(helper.make_tensor_value_info("shape", TensorProto.INT64, [3]))
    onnx.save(model, path)
    bundle = read_bundle(exported(path, tmp_path / "site", inputs={"shape": [0, 2, 3]}))
    cases = Original(bundle, path).cases()
    assert [case.expected["y"].shape for case in cases] == [(1, 2, 3), (3, 2, 3), (2, 2, 3)]


def test_without_onnxruntime(tmp_path, rng, monkeypatch):
    path = small(tmp_path / "small.onnx", rng)
    bundle = read_bundle(exported(path, tmp_path / "site"))
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(UnsupportedOp, match="pip install onnxruntime"):
        Original(bundle, path)


@pytest.mark.parametrize(
    ("found", "expected", "relative", "ok"),
    [
        ([1.0, 100.001], [1.0, 100.0], 1e-5, True),
        ([1.0, 100.1], [1.0, 100.0], 1e-3, False),
        ([np.nan, np.inf], [np.nan, np.inf], 0, True),
        ([np.nan, 1.0], [1.0, 1.0], None, False),
        ([0.0, 1e-9], [0.0, 0.0], None, False),
        ([0.0, 0.0], [0.0, 0.0], 0, True),
        ([1.0], [1.0, 1.0], None, False),
    ],
)
def test_differences(found, expected, relative, ok):
    got = difference(np.array(found, np.float32), np.array(expected, np.float32), None)
    assert got["ok"] is ok
    assert got["relative"] == (None if relative is None else pytest.approx(relative, rel=0.01, abs=1e-12))


def test_whole_numbers_are_equal_or_not():
    a, b = np.array([100_000, 5]), np.array([100_001, 5])
    assert not difference(a, b, None)["ok"] and difference(a, b, 1e-4)["ok"]


def test_one_picture_of_bytes_and_one_that_is_scaled(tmp_path, chromium_path):
    path = tmp_path / "two.onnx"
    nodes = [
        helper.make_node("Cast", ["a"], ["whole"], "whole", to=TensorProto.FLOAT),
        helper.make_node("Mul", ["whole", "b"], ["y"], "product"),
    ]
    write(path, nodes, [("b", ("batch", 3, 6, 5))], [("y", ("batch", 3, 6, 5))], [])
    model = onnx.load(path)
    model.graph.input.append(helper.make_tensor_value_info("a", TensorProto.UINT8, ("batch", 3, 6, 5)))
    onnx.save(model, path)
    pictures = {"a": fl.Image(6, 5), "b": fl.Image(6, 5, preset="unit")}
    found = verify_bundle(exported(path, tmp_path / "site", inputs=pictures), against=path)
    assert found["ok"], found["checks"]


@pytest.mark.full
@pytest.mark.parametrize("name", ["mnist", "mobilenetv2_features", "squeezenet1.1"])
def test_published_models(name, tmp_path, chromium_path):
    path = published(name)
    found = verify_bundle(exported(path, tmp_path / "site"), against=path)
    assert found["ok"], found["checks"]


@pytest.mark.full
def test_published_pictures(tmp_path, chromium_path):
    path = published("squeezenet1.1")
    found = verify_bundle(exported(path, tmp_path / "site", **described(path, "torch", None, ())), against=path)
    assert found["ok"], found["checks"]


def test_a_file_that_onnxruntime_refuses(tmp_path):
    path = published("super_resolution")
    bundle = read_bundle(exported(path, tmp_path / "site"))
    with pytest.raises(UnsupportedOp, match=r"onnxruntime runs, got Missing opset"):
        Original(bundle, path)


def test_weights_that_have_other_names_are_found(tmp_path, rng):
    """A name that Fanlight uses itself gets another one in the bundle."""
    node = helper.make_node("MatMul", ["x", "optimizer/w"], ["y"])
    array = rng.normal(size=(3, 2)).astype("float32")
    path = write(
        tmp_path / "named.onnx", [node], [("x", ("batch", 3))], [("y", ("batch", 2))], [("optimizer/w", array)]
    )
    assert numpy_helper.to_array(onnx.load(path).graph.initializer[0]).shape == (3, 2)
    bundle = read_bundle(exported(path, tmp_path / "site"))
    assert "weights/optimizer/w" in bundle.weights()
    assert Original(bundle, path).changed_weights() == []
