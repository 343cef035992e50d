"""Do files of TensorFlow give what TensorFlow computes from them? Frozen graphs, SavedModels, TensorFlow.js."""

import json
import warnings
from pathlib import Path

import numpy as np
import pytest

import fanlight as fl
from fanlight.errors import ModelFormatError, UnknownNameError, UnsupportedOp
from fanlight.importers.graphs.records import Graph
from fanlight.importers.tensorflow.files import read_graph, read_topology, read_topology_graph
from importers.tensorflow_files import DTYPES
from importers.tensorflow_js import graph_of, topology, write

FILES = Path(__file__).parent / "tensorflow"
MODELS = Path(__file__).parents[3] / "shared" / "data" / "models"
EXPECTED = json.loads((FILES / "expected.json").read_text())
X = np.array(EXPECTED["x"], "float32")
SERVED = EXPECTED["served"]
TOLERANCE = 1e-6


def published(name: str) -> Path:
    if not (MODELS / name).exists():
        pytest.skip(f"shared/data/models/{name} is not beside the repository")
    return MODELS / name


def trained(model) -> dict[str, bool]:
    return {name: weight.trainable for name, weight in model.network.weight_table().items()}


@pytest.mark.parametrize("name", ["old", "old.pb", "old/saved_model.pb"])
def test_tensorflow_1(name):
    model = fl.load(FILES / name)
    assert np.allclose(model.predict(X), EXPECTED["old"], atol=TOLERANCE)
    assert trained(model) == {"dense/kernel": True, "dense/bias": True}


def test_what_keras_exports():
    model = fl.load(FILES / "keras")
    assert np.allclose(model.predict(X), EXPECTED["keras"], atol=TOLERANCE)
    assert list(trained(model)) == [f"sequential/{layer}/{each}" for layer in ("hidden", "scores") for each in
                                    ("kernel", "bias")]  # fmt: skip


def test_a_signature():
    model = fl.load(FILES / "served", signature="scores")
    found = model.predict(X)
    assert list(found) == ["best", "scores"]
    assert np.allclose(found["scores"], SERVED["scores"], atol=TOLERANCE)
    assert found["best"].tolist() == SERVED["best"]
    assert trained(model) == {"kernel": True, "bias": False}
    assert [symbol.layer.name for symbol in model.network.inputs] == ["x"]


def test_a_frozen_graph():
    found = fl.load(FILES / "frozen.pb").predict(X)
    assert np.allclose(found["Identity_1"], SERVED["scores"], atol=TOLERANCE)
    assert found["Identity"].tolist() == SERVED["best"]


def test_one_of_several_signatures_is_to_be_chosen():
    with pytest.raises(UnknownNameError, match=r'choose, repeat, scores.*signature="choose"'):
        fl.load(FILES / "served")
    with pytest.raises(UnknownNameError, match="got 'none'"):
        fl.load(FILES / "served", signature="none")
    with pytest.raises(UnknownNameError, match="SavedModel"):
        fl.load(FILES / "old.pb", signature="scores")


def test_a_graph_is_cut_at_inner_tensors():
    model = fl.load(FILES / "served", signature="scores", outputs=["Relu:0"])
    assert np.allclose(model.predict(X), SERVED["inner"], atol=TOLERANCE)
    assert [call.layer.node.op for call in model.network.calls if hasattr(call.layer, "node")] == [
        "MatMul",
        "AddV2",
        "Relu",
    ]
    both = fl.load(FILES / "old.pb", outputs=["y", "hidden"]).predict(X)
    assert np.allclose(both["hidden"] * 2, both["y"])
    with pytest.raises(UnknownNameError, match="close to it are 'hidden'"):
        fl.load(FILES / "old.pb", outputs=["hiden"])


def test_inputs_and_outputs_have_meanings():
    classes = fl.Classes(("first", "second"))
    model = fl.load(FILES / "keras", outputs={"output_0": classes})
    assert model.network.meanings == {"output_0": classes}
    inner = fl.load(FILES / "old.pb", outputs={"hidden": fl.Classes(("a", "b", "c")), "y": None})
    assert list(inner.predict(X)) == ["hidden", "y"] and list(inner.network.meanings) == ["hidden"]
    with pytest.raises(UnknownNameError):
        fl.load(FILES / "keras", outputs={"scores": classes})
    with pytest.raises(UnknownNameError):
        fl.load(FILES / "keras", inputs={"y": fl.Image(2, 2)})


def test_it_is_saved_opened_and_trained(tmp_path):
    model = fl.load(FILES / "keras")
    model.compile("sgd", "categorical_crossentropy")
    y = np.eye(2, dtype="float32")
    history = model.fit(X, y, epochs=30, verbose=0).history["loss"]
    assert history[-1] < 0.8 * history[0]
    model.save(tmp_path / "site")
    again = fl.load(tmp_path / "site")
    assert np.array_equal(again.predict(X), model.predict(X))
    assert trained(again) == trained(model)
    with pytest.raises(UnsupportedOp):
        model.save(tmp_path / "back.onnx")


def test_loops_and_branches_have_graphs_that_read_variables_from_outside():
    loop = next(node for node in read_graph(FILES / "served", None, "repeat")[0].graph.nodes if node.graphs)
    body, condition = loop.attributes["body"], loop.attributes["cond"]
    assert loop.captures == ("kernel",) and "kernel" not in loop.inputs
    assert len(loop.inputs) == len(body.inputs) == len(body.outputs) == len(condition.inputs)
    assert loop.outputs[-1] and [node.op for node in body.nodes].count("MatMul") == 1
    branch = next(node for node in read_graph(FILES / "served", None, "choose")[0].graph.nodes if node.graphs)
    branches = [branch.attributes[key] for key in ("then_branch", "else_branch")]
    assert all(isinstance(each, Graph) and len(each.inputs) == len(branch.inputs) - 1 for each in branches)
    assert branches[0].free == ("kernel",) and not branches[1].free


def test_constants_of_every_dtype():
    names = [f"{dtype}/{form}" for dtype in DTYPES for form in ("bytes", "field")]
    model, _ = read_graph(FILES / "constants.pb", [*names, "text"])
    for name in names:
        dtype = name.split("/")[0]
        array = model.graph.tensors[f"{name}_"]
        assert array.dtype == ("float32" if dtype == "bfloat16" else dtype)
        assert array.tolist() == np.array([1, 0, 1 if dtype == "bool" else 3] + [1] * 3 if name.endswith("bytes") else
                                          [1, 0, 1 if dtype == "bool" else 3] + [3 if dtype != "bool" else 1] * 3,
                                          array.dtype).tolist()  # fmt: skip
    assert model.graph.tensors["text_"].tolist() == ["to be", "or not"]


# TensorFlow.js


@pytest.mark.parametrize("stored", [None, "float16", "uint8", "uint16"])
def test_a_graph_model(stored, tmp_path):
    model, arrays = topology(graph_of(FILES / "old.pb"))
    write(tmp_path, model, arrays, {"dense/kernel": stored}, format="graph-model")
    for path in (tmp_path, tmp_path / "model.json"):
        assert np.allclose(fl.load(path).predict(X), EXPECTED["old"], atol=1e-3)


def test_a_graph_model_with_a_signature_and_without_a_format(tmp_path):
    model, arrays = topology(graph_of(FILES / "old.pb"))
    info = {"dtype": "DT_FLOAT", "tensorShape": {"dim": [{"size": "-1"}, {"size": "2"}]}}
    signature = {
        "inputs": {"picture": {"name": "x:0", **info}},
        "outputs": {"scores:0": {"name": "y:0", **info}, "within": {"name": "hidden:0", **info}},
    }
    write(tmp_path, model, arrays, userDefinedMetadata={"signature": signature})
    loaded = fl.load(tmp_path)
    assert [symbol.layer.name for symbol in loaded.network.inputs] == ["picture"]
    found = loaded.predict(X)
    assert list(found) == ["scores", "within"] and np.allclose(found["scores"], EXPECTED["old"])


def test_numbers_of_weights(tmp_path):
    """What a number of 8 or 16 bits stands for, and weights that are no numbers."""
    arrays = {
        "a": np.linspace(-3, 5, 40, dtype="float32").reshape(4, 10),
        "b": np.linspace(-3, 5, 40, dtype="float32"),
        "h": np.linspace(-3, 5, 40, dtype="float32"),
        "i": np.arange(-10, 245, dtype="int32"),
        "text": np.array(["héllo", "", "x"], object),
        "yes": np.array([True, False]),
        "n": np.array(7, "int32"),
    }
    path = write(tmp_path, {"node": []}, arrays, {"a": "uint8", "b": "uint16", "h": "float16", "i": "uint8"})
    found = read_topology(path)
    for name, array in arrays.items():
        read = found.array(name)
        assert read.dtype == array.dtype and read.shape == array.shape
        if name in "abh":
            assert np.abs(read - array).max() <= {"a": 8 / 255, "b": 8 / 65535, "h": 1 / 256}[name] * 0.51
        else:
            assert read.tolist() == array.tolist()


def test_old_topologies_write_strings_as_lists_of_bytes(tmp_path):
    model, arrays = topology(graph_of(FILES / "old.pb"))
    node = next(each for each in model["node"] if each["name"] == "hidden")
    node["attr"]["padding"] = {"s": [86, 65, 76, 73, 68]}
    file = read_topology_graph(read_topology(write(tmp_path, model, arrays)))
    assert next(each for each in file.graph.nodes if each.name == "hidden").attributes["padding"] == "VALID"


def layer(kind: str, name: str, **config) -> dict:
    return {"class_name": kind, "config": {"name": name, **config}}


def test_a_model_of_layers(tmp_path):
    """Sequential, one model in another; weights are found by name whatever their order."""
    inside = [
        layer("Dense", "a", units=3, activation="relu", batch_input_shape=[None, 2]),
        layer("Dense", "b", units=2),
    ]
    layers = [layer("Sequential", "inner", layers=inside), layer("BatchNormalization", "norm")]
    config = {"name": "outer", "layers": layers, "build_input_shape": [None, 2]}
    layers[0]["config"]["name"] = "inner"
    rng = np.random.default_rng(0)
    shapes = {"b/bias": 2, "a/bias": 3, "norm/moving_variance": 2, "norm/beta": 2, "b/kernel": (3, 2)}
    shapes |= {"a/kernel": (2, 3), "norm/gamma": 2, "norm/moving_mean": 2}
    arrays = {name: rng.uniform(0.5, 1.5, shape).astype("float32") for name, shape in shapes.items()}
    model = {"model_config": {"class_name": "Sequential", "config": config}, "keras_version": "2.4.0"}
    loaded = fl.load(write(tmp_path, model, arrays, format="layers-model"))
    y = np.maximum(X @ arrays["a/kernel"] + arrays["a/bias"], 0) @ arrays["b/kernel"] + arrays["b/bias"]
    scale = arrays["norm/gamma"] / np.sqrt(arrays["norm/moving_variance"] + 1e-3)
    assert np.allclose(loaded.predict(X), (y - arrays["norm/moving_mean"]) * scale + arrays["norm/beta"], atol=1e-5)
    del arrays["norm/beta"]
    with pytest.raises(ModelFormatError, match="4 weights of layer 'norm'"):
        fl.load(write(tmp_path, model, arrays))
    with pytest.raises(ModelFormatError, match="'other/kernel'"):
        fl.load(write(tmp_path, model, {**arrays, "other/kernel": arrays["a/bias"]}))


@pytest.mark.full
def test_a_photo_filter():
    """MobileNetV2 whose weights are stored in 8 bits: the known answer is that of plain NumPy on the same numbers."""
    path = published("nsfwjs_mobilenetv2")
    image = pytest.importorskip("PIL.Image", reason="Pillow is not installed")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        model = fl.load(path)
    with image.open(MODELS.parent / "images" / "grace_hopper.bmp") as picture:
        pixels = np.asarray(picture.convert("RGB"), "float64")
    found = model.predict(bilinear(pixels, 224)[None].astype("float32") / 255)
    assert abs(float(found[0, 2]) - 0.997) < 0.001  # Drawing, Hentai, Neutral, Porn, Sexy


def bilinear(pixels: np.ndarray, size: int) -> np.ndarray:
    """A picture of another size, of its four nearest pixels each."""
    for axis in (0, 1):
        length = pixels.shape[axis]
        places = np.clip((np.arange(size) + 0.5) * length / size - 0.5, 0, length - 1)
        low = np.floor(places).astype(int)
        part = (places - low).reshape([-1, 1, 1] if axis == 0 else [1, -1, 1])
        first, second = (pixels.take(each, axis) for each in (low, np.minimum(low + 1, length - 1)))
        pixels = first * (1 - part) + second * part
    return pixels


def test_a_detector_of_hands():
    """A graph with loops of TensorFlow 1: every node that its outputs need, each after what it reads."""
    found = read_topology(published("handtrack_ssd320_int8") / "model.json")
    file = read_topology_graph(found)
    written = [each["op"] for each in found.model["node"]]
    read = [node.op for node in file.graph.nodes]
    copies = written.count("Identity") - read.count("Identity")  # of constants
    left_out = {"Const", "Placeholder", "NoOp", "Identity"}
    assert sorted(read) == sorted([op for op in written if op not in left_out] + ["Identity"] * read.count("Identity"))
    assert copies <= 1 and len(file.graph.tensors) == written.count("Const")
    known = {slot.name for slot in file.graph.inputs} | set(file.graph.tensors)
    for node in file.graph.nodes:
        assert all(name in known or node.op == "Merge" for name in node.inputs), node.label
        known |= set(node.outputs)
    names = ["StatefulPartitionedCall/Postprocessor/Slice", "StatefulPartitionedCall/Postprocessor/ExpandDims_1"]
    part = read_topology_graph(read_topology(published("handtrack_ssd320_int8") / "model.json"), names)
    assert [slot.name for slot in part.graph.outputs] == names and len(part.graph.nodes) < len(file.graph.nodes) / 2
