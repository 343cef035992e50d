"""Is a loaded ONNX file a model like any other? It predicts as onnxruntime does, trains, is exported and comes back."""

from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import AttributeProto, TensorProto, helper, numpy_helper

import fanlight as fl
from fanlight.compiler import TARGETS, compile
from fanlight.errors import ModelFormatError, ShapeError, UnknownNameError, UnsupportedOp
from fanlight.ir.program_text import program_text

MODELS = Path(__file__).parents[3] / "shared" / "data" / "models"
PUBLISHED = ("mnist", "mobilenetv2_features", "squeezenet1.1", "super_resolution")


def published(name):
    path = MODELS / f"{name}.onnx"
    if not path.is_file():
        pytest.skip("no models beside the project")
    return path


def write(path, nodes, inputs, outputs, tensors=(), opset=17):
    """A file of these nodes; inputs and outputs are (name, shape) of float32."""
    slots = [
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in side]
        for side in (inputs, outputs)
    ]
    arrays = [numpy_helper.from_array(array, name) for name, array in tensors]
    graph = helper.make_graph(nodes, "made", *slots, arrays)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)])
    model.ir_version = 9
    onnx.save(model, path)
    return path


def small(path, rng, shape=("batch", 3, 8, 8)):
    """conv, batch norm, relu, global pooling, gemm."""
    nodes = [
        helper.make_node("Conv", ["x", "conv.weight", "conv.bias"], ["a"], "/conv/Conv", pads=[1, 1, 1, 1]),
        helper.make_node("BatchNormalization", ["a", "bn.weight", "bn.bias", "bn.mean", "bn.var"], ["b"], "/bn"),
        helper.make_node("Relu", ["b"], ["c"], "/relu"),
        helper.make_node("GlobalAveragePool", ["c"], ["d"], "/pool"),
        helper.make_node("Flatten", ["d"], ["e"], "/flatten"),
        helper.make_node("Gemm", ["e", "head.weight", "head.bias"], ["y"], "/head", transB=1),
    ]
    sizes = {"conv.weight": (6, 3, 3, 3), "conv.bias": (6,), "head.weight": (4, 6), "head.bias": (4,)}
    sizes |= dict.fromkeys(("bn.weight", "bn.bias", "bn.mean", "bn.var"), (6,))
    tensors = [(name, rng.uniform(0.2, 1, shape).astype("float32")) for name, shape in sizes.items()]
    return write(path, nodes, [("x", shape)], [("y", ("batch", 4))], tensors)


def onnxruntime_answer(path, x):
    session = onnxruntime.InferenceSession(path if isinstance(path, bytes) else str(path))
    return session.run(None, {session.get_inputs()[0].name: x})[0]


def readable(path):
    """The bytes of a file as onnxruntime takes them: what it has for new files alone, old ones get."""
    model = onnx.load(path)
    if model.opset_import:
        return model.SerializeToString()
    model.opset_import.append(helper.make_opsetid("", 13))
    model.ir_version = 7
    arrays = {each.name: numpy_helper.to_array(each) for each in model.graph.initializer}
    inputs = [each for each in model.graph.input if each.name not in arrays]
    for node in model.graph.node:
        for attribute in node.attribute:
            attribute.type = AttributeProto.INTS if len(attribute.ints) else AttributeProto.INT
        if node.op_type == "Add":  # along axis 1
            arrays[node.input[1]] = arrays[node.input[1]].reshape(-1, 1, 1)
            del node.attribute[:]
        if node.op_type == "Reshape":
            node.input.append(f"{node.output[0]} shape")
            arrays[node.input[1]] = np.array(node.attribute[0].ints, "int64")
            del node.attribute[:]
    del model.graph.input[:], model.graph.initializer[:]
    model.graph.input.extend(inputs)
    model.graph.initializer.extend(numpy_helper.from_array(array, name) for name, array in arrays.items())
    return model.SerializeToString()


@pytest.mark.parametrize("is_reproducible", [True, False], ids=["portable", "relaxed"])
@pytest.mark.parametrize("name", PUBLISHED)
def test_published_models_predict_as_onnxruntime(name, is_reproducible, rng):
    path = published(name)
    model = fl.load(path)
    model._reproducible = is_reproducible
    (shape,) = [[each if isinstance(each, int) else 2 for each in symbol.shape] for symbol in model.network.inputs]
    x = rng.normal(size=shape).astype("float32")
    expected = onnxruntime_answer(readable(path), x)
    found = model.predict(x)
    assert np.abs(found - expected).max() <= 1e-4 * max(1, np.abs(expected).max())


@pytest.mark.parametrize("name", ["squeezenet1.1", "mobilenetv2_features"])
def test_no_transpose_is_left_in_a_program(name):
    program = compile(fl.load(published(name)).module(), TARGETS["wasm-relaxed"]).program
    assert "transpose" not in program_text(program)


def test_layers_and_weights_have_the_names_of_the_file(tmp_path, rng):
    model = fl.load(small(tmp_path / "small.onnx", rng))
    assert [layer.name for layer in model.layers] == ["x", "conv.Conv", "bn", "relu", "pool", "flatten", "head"]
    assert {"conv.weight", "bn.mean", "head.bias"} < set(model.weights())
    assert model.output_names == ["y"]


def test_a_loaded_graph_trains_and_comes_back(tmp_path, rng):
    path = small(tmp_path / "small.onnx", rng)
    model = fl.load(path)
    x, y = rng.normal(size=(6, 3, 8, 8)).astype("float32"), rng.integers(0, 4, 6)
    assert np.abs(model.predict(x) - onnxruntime_answer(path, x)).max() < 1e-5
    model.freeze(until="bn")
    before = model.weights()
    model.compile("adam", fl.losses.SparseCategoricalCrossentropy(from_logits=True))
    losses = model.fit(x, y, batch_size=6, epochs=5, verbose=0).history["loss"]
    assert losses[-1] < losses[0]
    after = model.weights()
    assert (before["conv.weight"] == after["conv.weight"]).all()
    assert (before["head.weight"] != after["head.weight"]).any()
    again = fl.load(model.export(tmp_path / "site", train=True))
    assert (again.predict(x) == model.predict(x)).all()


def test_another_head(tmp_path, rng):
    model = fl.load(small(tmp_path / "small.onnx", rng))
    model.freeze()
    model.replace_head(["cat", "dog", "none"], at="relu")
    kept = model.weights()["conv.weight"]
    model.compile("sgd", "sparse_categorical_crossentropy")
    model.fit(rng.normal(size=(4, 3, 8, 8)).astype("float32"), np.array([0, 1, 2, 0]), verbose=0)
    assert (model.weights()["conv.weight"] == kept).all()
    assert model.predict(np.zeros((1, 3, 8, 8), "float32")).shape == (1, 3)


def test_pictures_are_channels_last_for_who_says_that_they_are_pictures(tmp_path, rng):
    path = small(tmp_path / "small.onnx", rng)
    model = fl.load(path, inputs={"x": fl.Image(8, 8, preset="unit")})
    pixels = rng.integers(0, 255, (2, 8, 8, 3)).astype("uint8")
    expected = onnxruntime_answer(path, (pixels / 255).astype("float32").transpose(0, 3, 1, 2))
    np.testing.assert_allclose(model.predict(pixels), expected, atol=1e-5)
    with pytest.raises(ModelFormatError, match="rows of"):
        fl.load(path, inputs={"x": fl.Image(9, 9)})


def test_pictures_of_bytes_are_taken_as_they_are(tmp_path, rng):
    from onnx import TensorProto, helper

    taken = helper.make_tensor_value_info("x", TensorProto.UINT8, ["n", 2, 2, 3])
    given = helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", 2, 2, 3])
    graph = helper.make_graph([helper.make_node("Cast", ["x"], ["y"], to=TensorProto.FLOAT)], "g", [taken], [given])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)]), tmp_path / "bytes.onnx")
    model = fl.load(tmp_path / "bytes.onnx", inputs={"x": fl.Image(2, 2)})
    pixels = rng.integers(0, 255, (2, 2, 2, 3)).astype("uint8")
    assert np.array_equal(model.predict(pixels), pixels) and "prepare" not in model.module().functions


def test_an_input_that_is_always_the_same_is_a_constant(tmp_path, rng):
    node = helper.make_node("Reshape", ["x", "shape"], ["y"])
    path = write(tmp_path / "reshape.onnx", [node], [("x", ("batch", 6))], [("y", None)])
    model = onnx.load(path)
    model.graph.input.append(helper.make_tensor_value_info("shape", TensorProto.INT64, [3]))
    onnx.save(model, path)
    with pytest.raises(UnsupportedOp, match="depends on data"):
        fl.load(path)
    x = rng.normal(size=(2, 6)).astype("float32")
    found = fl.load(path, inputs={"shape": [0, 2, 3]}).predict(x)
    np.testing.assert_array_equal(found, x.reshape(2, 2, 3))
    with pytest.raises(UnknownNameError, match="names among"):
        fl.load(path, inputs={"form": [1]})


def test_open_axes_want_a_bound(tmp_path, rng):
    nodes = [helper.make_node("Softmax", ["x"], ["y"], axis=-1)]
    path = write(tmp_path / "open.onnx", nodes, [("x", ("batch", "words", 4))], [("y", ("batch", "words", 4))])
    with pytest.raises(ShapeError, match="open axis 'words'"):
        fl.load(path).predict(np.zeros((1, 3, 4), "float32"))
    model = fl.load(path, dims={"words": 16})
    x = rng.normal(size=(2, 5, 4)).astype("float32")
    np.testing.assert_allclose(model.predict(x), onnxruntime_answer(path, x), atol=1e-6)
    again = fl.load(model.export(tmp_path / "site"))
    assert (again.predict(x) == model.predict(x)).all()


def test_every_operator_that_is_missing_is_named(tmp_path):
    nodes = [
        helper.make_node("NoSuchThing", ["x"], ["a"], "first", domain="my.own"),
        helper.make_node("Celu", ["a"], ["b"]),
        helper.make_node("NorThis", ["b"], ["y"], "second", domain="my.own"),
    ]
    path = write(tmp_path / "own.onnx", nodes, [("x", (1, 2))], [("y", (1, 2))])
    model = onnx.load(path)
    model.opset_import.append(helper.make_opsetid("my.own", 1))
    onnx.save(model, path)
    with pytest.raises(UnsupportedOp, match=r"my\.own\.NoSuchThing \(first\), my\.own\.NorThis \(second\)"):
        fl.load(path)


def test_what_was_learnt_goes_back_into_the_file(tmp_path, rng):
    path = small(tmp_path / "small.onnx", rng)
    model = fl.load(path)
    x, y = rng.normal(size=(6, 3, 8, 8)).astype("float32"), rng.integers(0, 4, 6)
    with pytest.warns(UserWarning, match="batch normalization goes by its stored statistics; export it for training"):
        model.compile("adam", fl.losses.SparseCategoricalCrossentropy(from_logits=True))
    before = model.weights()
    model.fit(x, y, batch_size=6, epochs=2, verbose=0)
    moved = {name for name, array in model.weights().items() if not np.array_equal(array, before[name])}
    assert {"bn.weight", "bn.bias"} <= moved and not {"bn.mean", "bn.var"} & moved
    with pytest.warns(UserWarning, match="made for inference"):
        site = fl.load(model.export(tmp_path / "site", train=True))
    for number, each in enumerate((model, site)):
        saved = each.save(tmp_path / f"tuned{number}.onnx")
        onnx.checker.check_model(onnx.load(saved), full_check=True)
        np.testing.assert_allclose(onnxruntime_answer(saved, x), model.predict(x), atol=1e-5)
        names = [node.name for node in onnx.load(saved).graph.node]
        assert names == [node.name for node in onnx.load(path).graph.node]
        assert {each.name for each in onnx.load(saved).graph.initializer} == {
            each.name for each in onnx.load(path).graph.initializer
        }


@pytest.mark.parametrize("opset", [13, 18])
def test_a_new_head_goes_into_the_file_too(tmp_path, rng, opset):
    path = small(tmp_path / "small.onnx", rng)
    file = onnx.load(path)
    file.opset_import[0].version = opset
    onnx.save(file, path)
    model = fl.load(path, inputs={"x": fl.Image(8, 8, preset="unit")})
    model.replace_head(3, at="relu")
    pixels = rng.integers(0, 255, (2, 8, 8, 3)).astype("uint8")
    saved = model.save(tmp_path / "head.onnx")
    onnx.checker.check_model(onnx.load(saved), full_check=True)
    found = onnxruntime_answer(saved, (pixels / 255).astype("float32").transpose(0, 3, 1, 2))
    np.testing.assert_allclose(model.predict(pixels), found, atol=1e-5)
    assert fl.load(saved).predict(np.zeros((1, 3, 8, 8), "float32")).shape == (1, 3)


@pytest.mark.parametrize("name", PUBLISHED[:3])  # the last is older than versions of operators
def test_published_models_go_back_as_they_were(name, tmp_path, rng):
    path = published(name)
    model = fl.load(path)
    (shape,) = [[each if isinstance(each, int) else 2 for each in symbol.shape] for symbol in model.network.inputs]
    x = rng.normal(size=shape).astype("float32")
    saved = model.save(tmp_path / "again.onnx")
    np.testing.assert_array_equal(onnxruntime_answer(saved, x), onnxruntime_answer(path, x))


def test_a_model_of_ones_own_layers_is_no_onnx_file(tmp_path):
    x = fl.Input((4,))
    with pytest.raises(UnsupportedOp, match="loaded from an ONNX file"):
        fl.Model(x, fl.layers.Dense(2)(x)).save(tmp_path / "own.onnx")


def test_int8_has_a_scale_for_each_output_channel(tmp_path, rng):
    scales = np.exp(rng.normal(size=(200, 1)) * 2).astype("float32")
    weights = rng.normal(size=(200, 120)).astype("float32") * scales
    nodes = [helper.make_node("Gemm", ["x", "w"], ["h"], transB=1), helper.make_node("MatMul", ["h", "v"], ["y"])]
    tensors = [("w", weights), ("v", np.ascontiguousarray(weights.T[:, :150].repeat(2, 0)[:200]))]
    path = write(tmp_path / "two.onnx", nodes, [("x", ("batch", 120))], [("y", ("batch", 150))], tensors)
    kept = fl.load(fl.load(path).export(tmp_path / "site", quantize="int8")).weights()
    for name, axis in (("w", 1), ("v", 0)):
        before = dict(tensors)[name]
        error = np.abs(kept[name] - before).max(axis=axis)
        assert (error <= np.abs(before).max(axis=axis) / 12).all(), name


def test_weights_of_a_file_are_there_without_a_compiler(tmp_path, rng, monkeypatch):
    path = small(tmp_path / "small.onnx", rng)
    model = fl.load(path)
    with monkeypatch.context() as without:
        without.setattr("fanlight.model.compile", None)
        weights = model.weights()
        weights["conv.bias"][:] = 0
        assert (model.weights()["conv.bias"] != 0).all(), "weights() gives copies"
    x = rng.normal(size=(2, 3, 8, 8)).astype("float32")
    np.testing.assert_allclose(model.predict(x), onnxruntime_answer(path, x), atol=1e-5)
