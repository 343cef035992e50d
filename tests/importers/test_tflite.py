"""Do TensorFlow Lite's models come back as they were? Networks of its converter against its interpreter, published
ones, in Chromium too; what files say of pictures and classes; what is refused, by name."""

from io import BytesIO
from pathlib import Path
from zipfile import ZipFile

import numpy as np
import pytest
from click.testing import CliRunner

import fanlight as fl
from fanlight.cli import main
from fanlight.errors import ModelFormatError, UnknownNameError, UnsupportedOp
from fanlight.verification import verify_bundle
from importers.tflite_file import Op, Part, T, constant, written
from importers.tflite_hostile import sound
from importers.tflite_metadata import described

HERE = Path(__file__).parent / "tflite"
DATA = Path(__file__).parents[3] / "shared" / "data"
ANSWERS = np.load(HERE / "answers.npz")
FLOAT, WHOLE = "mobilenet_v1_0.25_224.tflite", "mobilenet_v1_0.25_224_quant.tflite"


def published(name):
    path = DATA / "models" / name
    if not path.is_file():
        pytest.skip("no models beside the project")
    return path


def placed(folder, data, name="model.tflite"):
    (folder / name).write_bytes(data)
    return folder / name


# Networks as the converter writes them


@pytest.mark.parametrize("kind", ["float", "float16"])
def test_a_network_of_floats_is_the_interpreters(kind):
    model = fl.load(HERE / f"{kind}.tflite")
    np.testing.assert_allclose(model.predict(ANSWERS[f"{kind}_x"]), ANSWERS[f"{kind}_y"], atol=1e-6)


@pytest.mark.parametrize("kind", ["whole", "bytes"])
def test_a_network_of_8_bit_numbers_is_the_interpreters_to_the_bit(kind):
    found = fl.load(HERE / f"{kind}.tflite").predict(ANSWERS[f"{kind}_x"])
    assert found.dtype == ANSWERS[f"{kind}_y"].dtype
    np.testing.assert_array_equal(found, ANSWERS[f"{kind}_y"])


def test_a_recurrent_network_is_the_interpreters():
    """Its loop runs other graphs of the file."""
    model = fl.load(HERE / "recurrent.tflite")
    found = np.concatenate([model.predict(row[None]) for row in ANSWERS["recurrent_x"]])
    np.testing.assert_allclose(found, ANSWERS["recurrent_y"], atol=1e-6)


def test_a_branch_runs_one_of_two_graphs(tmp_path):
    tensors = [T((1, 4), name="x"), T((1,), "bool", name="flag"), T((1, 4), name="y")]
    sides = [Part([Op(name, [0], [1])], [T((1, 4)), T((1, 4))], [0], [1]) for name in ("NEG", "SQUARE")]
    node = Op("IF", [1, 0], [2], "IfOptions", {"then_subgraph_index": 1, "else_subgraph_index": 2})
    model = fl.load(placed(tmp_path, written([node], tensors, [0, 1], [2], more=sides)))
    x = np.float32([[1, -2, 3, 0]])
    assert model.predict({"x": x, "flag": np.array([True])}).tolist() == [[-1, 2, -3, 0]]
    assert model.predict({"x": x, "flag": np.array([False])}).tolist() == [[1, 4, 9, 0]]


def test_weights_of_8_bits_are_multiplied_as_floats():
    """TensorFlow Lite rounds what comes in, which moves its results away from those of the network itself."""
    model = fl.load(HERE / "dynamic.tflite")
    found = model.predict(ANSWERS["dynamic_x"])
    np.testing.assert_allclose(found, ANSWERS["dynamic_y"], atol=2e-3)
    state = {name: slot.type.dtype for name, slot in model.engine.program.buffers.items() if name in
             model.engine.program.state}  # fmt: skip
    assert "int8" in state.values()


def test_floats_are_trained():
    model = fl.load(HERE / "float.tflite")
    x = np.random.default_rng(1).uniform(-1, 1, (32, 12, 12, 3)).astype("float32")
    y = (x.mean((1, 2, 3)) > 0).astype("int32")
    model.compile(fl.optimizers.Adam(0.01), "sparse_categorical_crossentropy")
    history = model.fit(x, y, epochs=6, batch_size=32, verbose=0).history["loss"]
    assert history[-1] < 0.8 * history[0]


@pytest.mark.parametrize("kind", ["float", "dynamic", "bytes"])
def test_a_page_gives_the_same_in_chromium(kind, tmp_path):
    found = verify_bundle(fl.load(HERE / f"{kind}.tflite").export(tmp_path / "site"), False)
    assert found["ok"], found


def test_an_exported_bundle_is_opened_again(tmp_path):
    model = fl.load(HERE / "bytes.tflite")
    again = fl.load(model.export(tmp_path / "site"))
    np.testing.assert_array_equal(again.predict(ANSWERS["bytes_x"]), ANSWERS["bytes_y"])


def test_the_command_writes_a_folder(tmp_path):
    done = CliRunner().invoke(main, ["convert", str(HERE / "whole.tflite"), str(tmp_path / "site")])
    assert done.exit_code == 0, done.output
    assert (tmp_path / "site" / "fanlight.json").exists()


# Against the interpreter itself, where it is installed


def interpreted(path, x):
    found = pytest.importorskip("ai_edge_litert.interpreter", reason="LiteRT is not installed: make test-full has it")
    run = found.Interpreter(str(path), experimental_op_resolver_type=found.OpResolverType.BUILTIN_REF)
    run.allocate_tensors()
    run.set_tensor(run.get_input_details()[0]["index"], x)
    run.invoke()
    return run.get_tensor(run.get_output_details()[0]["index"])


def photo(name="grace_hopper.bmp"):
    """The middle of a photo, as 224 times 224 pixels."""
    image = pytest.importorskip("PIL.Image", reason="Pillow is not installed")
    with image.open(DATA / "images" / name) as picture:
        side = min(picture.size)
        left, top = ((length - side) // 2 for length in picture.size)
        part = picture.convert("RGB").crop((left, top, left + side, top + side))
        return np.asarray(part.resize((224, 224), image.Resampling.BILINEAR))[None]


@pytest.mark.full
@pytest.mark.parametrize("name", ["cat.bmp", "grace_hopper.bmp", "parrot.jpg"])
def test_mobilenet_is_the_interpreters(name):
    pixels = photo(name)
    x = (pixels.astype("float32") - 127.5) / 127.5
    np.testing.assert_allclose(
        fl.load(published(FLOAT)).predict(x), interpreted(published(FLOAT), x), rtol=1e-4, atol=1e-5
    )
    whole = fl.load(published(WHOLE), inputs={"input": None}, outputs={"MobilenetV1/Predictions/Reshape_1": None})
    expected = interpreted(published(WHOLE), pixels)
    np.testing.assert_array_equal(whole.predict(pixels), expected)
    np.testing.assert_array_equal(fl.load(published(WHOLE)).predict(pixels), expected / np.float32(256))


def test_mobilenet_knows_a_photo_and_its_labels_stand_in_the_file():
    pixels = photo()
    labels = (DATA / "imagenet_labels.txt").read_text().splitlines()
    found = fl.load(published(FLOAT)).predict((pixels.astype("float32") - 127.5) / 127.5)[0]
    best = [labels[k - 1].split(",")[0] for k in np.argsort(-found)[:4]]
    assert best == ["suit", "bow tie", "academic gown", "military uniform"]
    model = fl.load(published(WHOLE))
    (meaning,) = model.network.meanings.values()
    assert meaning.labels[0] == "background" and len(meaning.labels) == 1001
    scores = model.predict(pixels)[0]
    names = [meaning.labels[k] for k in np.argsort(-scores)[:3]]
    assert {"bow tie", "suit"} < set(names) and abs(float(scores.sum()) - 1) < 0.1


@pytest.mark.full
@pytest.mark.parametrize("name", [FLOAT, WHOLE])
def test_mobilenet_in_chromium(name, tmp_path):
    found = verify_bundle(fl.load(published(name)).export(tmp_path / "site"), False)
    assert found["ok"], found


# Whole numbers reach the kernels that add products in pairs


def test_8_bit_products_are_added_in_pairs():
    model = fl.load(HERE / "bytes.tflite")
    kernels = model.engine.program.procedures["predict"].kernels
    products = [each for each in kernels if getattr(each, "kind", "") == "contract"]
    types = [each.operands[slot].type.dtype for each in products for slot in range(len(each.operands))]
    assert len(products) >= 4 and types.count("int16") >= 2 * (len(products) - 1)


# What a file says


def zipped(data, name, lines):
    behind = BytesIO()
    with ZipFile(behind, "w") as archive:
        archive.writestr(name, "\n".join(lines))
    return data + behind.getvalue()


def pictures(metadata, dtype="uint8", zero=128, **more):
    """A picture [1, 2, 2, 3], of 8 bits, whose 12 numbers are given as they are; 12 classes."""
    tensors = [T((1, 2, 2, 3), dtype, scale=1 / 127.5, zero=zero, name="picture"),
               constant(np.array([1, 12], "int32")),
               T((1, 12), dtype, scale=1 / 127.5, zero=zero, name="scores")]  # fmt: skip
    return written([Op("RESHAPE", [0, 1], [2])], tensors, [0], [2], metadata=metadata, **more)


def test_metadata_say_what_pictures_and_classes_are(tmp_path):
    said = described([127.5], [127.5], "labels.txt", picture=True)
    path = placed(tmp_path, zipped(pictures(said), "labels.txt", [f"class {k}" for k in range(12)]))
    model = fl.load(path)
    pixels = np.arange(0, 240, 20, dtype="uint8").reshape(1, 2, 2, 3)
    found = model.predict(pixels)
    np.testing.assert_allclose(found, (pixels.reshape(1, 12) / 127.5 - 1), atol=0.6 / 127.5)
    assert model.network.meanings["scores"].labels[3] == "class 3"
    plain = fl.load(path, inputs={"picture": None}, outputs={"scores": None})
    np.testing.assert_array_equal(plain.predict(pixels), pixels.reshape(1, 12))


@pytest.mark.parametrize(("dtype", "zero", "low"), [("uint8", 128, 0), ("int8", 0, -128)])
def test_pixels_are_the_numbers_of_an_8_bit_picture(dtype, zero, low, tmp_path):
    """Scaled and made 8 bits again, half of them would be another number."""
    path = placed(tmp_path, pictures(described([127.5], [127.5], None, picture=True), dtype, zero))
    pixels = np.arange(0, 256, dtype="uint8")[-12 * 21 :].reshape(21, 1, 2, 2, 3)
    for said in ({}, {"picture": fl.Image(2, 2, preset="tf")}, {"picture": fl.Image(2, 2)}):
        model = fl.load(path, inputs=said, outputs={"scores": None})
        for each in pixels:
            np.testing.assert_array_equal(model.predict(each), each.reshape(1, 12).astype(int) + low)


def test_other_scalings_of_an_8_bit_picture_are_computed(tmp_path):
    path = placed(tmp_path, pictures(described([0.0], [255.0], None, picture=True)))
    pixels = np.arange(0, 240, 20, dtype="uint8").reshape(1, 2, 2, 3)
    found = fl.load(path, outputs={"scores": None}).predict(pixels)
    np.testing.assert_allclose(found, pixels.reshape(1, 12) / 2 + 128, atol=0.5001)


def test_labels_of_another_number_are_left_out(tmp_path):
    said = described([127.5], [127.5], "labels.txt", picture=True)
    model = fl.load(placed(tmp_path, zipped(pictures(said), "labels.txt", ["one", "two"])))
    assert not model.network.meanings


def test_signatures_name_inputs_and_outputs(tmp_path):
    named = {"serving_default": ({"in": 0}, {"out": 3}), "other": ({"a": 0}, {"b": 3})}
    path = placed(tmp_path, sound(signatures=named))
    ends = {None: ("in", "out"), "serving_default": ("in", "out"), "other": ("a", "b")}
    for signature, (taken, given) in ends.items():
        source = fl.load(path, signature=signature).network.source
        assert (list(source["inputs"]), list(source["outputs"])) == ([taken], [given])
    with pytest.raises(UnknownNameError, match="serving_default"):
        fl.load(path, signature="third")


def test_open_rows_and_bytes_behind_the_file(tmp_path):
    x, w = T((1, 4), name="x", signature=(-1, 4)), constant(np.ones((3, 4), "float32"), outside=True)
    model = fl.load(placed(tmp_path, sound(x=x, w=w)))
    assert model.predict(np.ones((5, 4), "float32")).tolist() == [[4.0] * 3] * 5


def test_a_network_is_cut_at_any_tensor(tmp_path):
    path = placed(tmp_path, sound(w=constant(-np.ones((3, 4), "float32"), name="w")))
    assert fl.load(path, outputs=["h"]).predict([[1, 2, 3, 4], [0, 0, 0, 0]]).tolist() == [[-10.0] * 3, [0.0] * 3]
    with pytest.raises(UnknownNameError, match="h"):
        fl.load(path, outputs=["nowhere"])


# What is refused


def refused(tmp_path, *operators, tensors=()):
    return placed(tmp_path, sound(tuple(operators), (T((2, 3), name="a"), T((2, 3), name="b"), *tensors)))


def test_all_that_is_lacking_is_named_at_once(tmp_path):
    path = refused(tmp_path, Op("CUSTOM", [3], [4], custom="MyOwn"), Op("HASHTABLE_LOOKUP", [4], [5]))
    with pytest.raises(UnsupportedOp, match=r"custom operator MyOwn \(a\), HASHTABLE_LOOKUP \(b\)"):
        fl.load(path)


@pytest.mark.parametrize(
    ("op", "custom"), [("NON_MAX_SUPPRESSION_V5", ""), ("CUSTOM", "TFLite_Detection_PostProcess"), ("WHERE", "")]
)
def test_what_gives_as_much_as_the_data_say_is_refused(op, custom, tmp_path):
    with pytest.raises(UnsupportedOp, match="as the data say"):
        fl.load(refused(tmp_path, Op(op, [3], [4], custom=custom)))


def test_boxes_say_what_to_read_before_them(tmp_path):
    path = refused(tmp_path, Op("CUSTOM", [2, 3], [4], custom="TFLite_Detection_PostProcess"))
    with pytest.raises(UnsupportedOp, match=r"outputs=\['h', 'y'\]"):
        fl.load(path)
    assert set(fl.load(path, outputs=["h", "y"]).predict([[1, 2, 3, 4], [0, 0, 0, 0]])) == {"h", "y"}


def test_activations_of_16_bits_are_refused(tmp_path):
    path = placed(tmp_path, sound(x=T((2, 4), "int16", scale=0.1, name="x")))
    with pytest.raises((UnsupportedOp, ModelFormatError), match="int16"):
        fl.load(path)
