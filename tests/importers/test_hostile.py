"""Is a Keras file that is broken or hostile refused, quickly, with what is wrong and where?"""

import io
import json
import zipfile
from typing import Any

import h5py
import numpy as np
import pytest

import fanlight as fl
from fanlight.errors import ModelFormatError, UnsupportedOp
from importers.bounds import little_memory, little_time


def dense(name: str = "d", **config: Any) -> dict[str, Any]:
    entry = {"module": "keras.layers", "class_name": "Dense", "config": {"name": name, "units": 2, **config}}
    return entry | {"registered_name": None}


def source(shape: Any = (None, 3), name: str = "x") -> dict[str, Any]:
    return {"module": "keras.layers", "class_name": "InputLayer", "config": {"batch_shape": shape, "name": name}}


def chain(*layers: Any, **config: Any) -> dict[str, Any]:
    return {"class_name": "Sequential", "config": {"name": "s", "layers": [source(), *layers], **config}}


def tensor(name: Any, call: Any = 0, output: Any = 0) -> dict[str, Any]:
    return {"class_name": "__keras_tensor__", "config": {"keras_history": [name, call, output]}}


def graph(*reads: Any, ends: Any = ("d", 0, 0), starts: Any = ("x", 0, 0)) -> dict[str, Any]:
    nodes = [{"args": [each], "kwargs": {}} for each in reads]
    layers = [source() | {"name": "x", "inbound_nodes": []}, dense() | {"name": "d", "inbound_nodes": nodes}]
    config = {"name": "g", "layers": layers, "input_layers": starts, "output_layers": ends}
    config |= {key: [list(config[key])] for key in ("input_layers", "output_layers") if isinstance(config[key], tuple)}
    return {"class_name": "Functional", "config": config}


def weights(**arrays: Any) -> bytes:
    stream = io.BytesIO()
    with h5py.File(stream, "w") as root:
        root["layers/dense/vars/0"] = arrays.get("kernel", np.zeros((3, 2), "float32"))
        root["layers/dense/vars/1"] = arrays.get("bias", np.zeros(2, "float32"))
    return stream.getvalue()


def hdf5(fill: Any) -> bytes:
    stream = io.BytesIO()
    with h5py.File(stream, "w") as root:
        fill(root)
    return stream.getvalue()


def archive(config: Any = None, h5: bytes | None = None, compress: int = zipfile.ZIP_STORED, **more: bytes) -> bytes:
    stream = io.BytesIO()
    text = config if isinstance(config, bytes) else json.dumps(chain(dense()) if config is None else config).encode()
    with zipfile.ZipFile(stream, "w", compress) as out:
        out.writestr("config.json", text)
        out.writestr("metadata.json", more.get("metadata", b'{"keras_version": "3.5.0"}'))
        if h5 != b"":
            out.writestr("model.weights.h5", weights() if h5 is None else h5)
    return stream.getvalue()


def legacy(config: Any, fill: Any = lambda group: None) -> bytes:
    def all_of_it(root):
        root.attrs["model_config"] = json.dumps(config)
        group = root.create_group("model_weights")
        group.attrs["layer_names"] = np.array([b"d"])
        fill(group)

    return hdf5(all_of_it)


def nested(depth: int) -> dict[str, Any]:
    model = chain(dense())
    for number in range(depth):
        model = {"class_name": "Sequential", "config": {"name": f"s{number}", "layers": [source(), model]}}
    return model


def deep_groups(root: Any) -> None:
    for _ in range(200):
        root = root.create_group("g")


def huge(root: Any) -> None:
    root.create_dataset("layers/dense/vars/0", (1 << 20, 1 << 20), "float32", chunks=(64, 64))


def external(root: Any) -> None:
    root["layers"] = h5py.ExternalLink("/etc/hostname", "/")


def soft(root: Any) -> None:
    root["layers"] = h5py.SoftLink("/")


def looped(root: Any) -> None:
    root.create_group("layers")
    root["layers/again"] = root["layers"]


def outside(root: Any) -> None:
    root.create_dataset("layers/dense/vars/0", (3, 2), "float32", external=[("/etc/hostname", 0, 24)])


def texts(root: Any) -> None:
    root["layers/dense/vars/0"] = np.array([b"os.system"] * 6)


def squeezed(root: Any) -> None:
    data = np.zeros((1 << 26,), "uint8")
    root.create_dataset("layers/dense/vars/0", data=data, chunks=(1 << 22,), compression="gzip", compression_opts=9)


def pickled(root: Any) -> None:
    root["layers/dense/vars/0"] = np.void(b"\x80\x04cos\nsystem\n")


def elsewhere(group: Any) -> None:
    group.attrs["layer_names"] = np.array([b"/etc"])


def absent(group: Any) -> None:
    group.create_group("d").attrs["weight_names"] = np.array([b"d/kernel:0"])


def numbers(group: Any) -> None:
    group.create_group("d").attrs["weight_names"] = np.arange(4)


HOSTILE = {
    "empty": b"",
    "not a model": b"import os; os.system('true')",
    "a truncated zip": archive()[:-300],
    "a zip's first bytes": archive()[:40],
    "a damaged entry": archive(compress=zipfile.ZIP_DEFLATED).replace(b"config.json", b"config.jsom", 1),
    "a zip bomb": archive(b"[" * (300 << 20), compress=zipfile.ZIP_DEFLATED),
    "no weights": archive(h5=b""),
    "weights that are no HDF5": archive(h5=b"\x89HDF\r\n\x1a\n" + bytes(500)),
    "truncated weights": archive(h5=weights()[:900]),
    "a config that is no JSON": archive(b"{'class_name': __import__('os')}"),
    "a config that is a list": archive([1, 2]),
    "deep JSON": archive(b"[" * 200_000),
    "metadata that is no object": archive(metadata=b"3"),
    "no class": archive({"config": {}}),
    "a config of the wrong type": archive({"class_name": "Sequential", "config": 5}),
    "no layers": archive({"class_name": "Sequential", "config": {"layers": []}}),
    "layers that are no objects": archive({"class_name": "Sequential", "config": {"layers": ["Dense"]}}),
    "units that are a text": archive(chain(dense(units="2"))),
    "units beyond all bounds": archive(chain(dense(units=10**30))),
    "a wild input shape": archive({"class_name": "Sequential", "config": {"layers": [source([None, -4]), dense()]}}),
    "a negative rate": archive(chain({"class_name": "Dropout", "config": {"name": "q", "rate": "x"}}, dense())),
    "a name that is a list": archive(chain(dense(name=["d"]))),
    "deep nesting of models": archive(nested(100)),
    "a cycle": archive(graph(tensor("d"))),
    "a call of nothing": archive(graph(tensor("y"))),
    "an output that is not there": archive(graph(tensor("x", 0, 7))),
    "a negative call": archive(graph(tensor("x", -1))),
    "ends that are not there": archive(graph(tensor("x"), ends=("d", 5, 0))),
    "ends of the wrong type": archive(graph(tensor("x"), ends=7)),
    "starts that are not there": archive(graph(tensor("x"), starts=("q", 0, 0))),
    "an argument that is code": archive(graph({"class_name": "__lambda__", "config": {"value": "..."}})),
    "missing weights": archive(h5=hdf5(lambda root: root.create_group("layers"))),
    "weights of another shape": archive(h5=weights(kernel=np.zeros((9, 9), "float32"))),
    "weights of another kind": archive(h5=weights(kernel=np.zeros((3, 2), "int32"))),
    "an array without content": archive(h5=hdf5(huge)),
    "a compressed array": archive(h5=hdf5(squeezed)),
    "texts for numbers": archive(h5=hdf5(texts)),
    "bytes for numbers": archive(h5=hdf5(pickled)),
    "a link to another file": archive(h5=hdf5(external)),
    "a link inside": archive(h5=hdf5(soft)),
    "a loop of groups": archive(h5=hdf5(looped)),
    "content of another file": archive(h5=hdf5(outside)),
    "deep groups": archive(h5=hdf5(deep_groups)),
    "a truncated .h5": legacy(chain(dense()))[:700],
    "a .h5 without weights": hdf5(lambda root: root.attrs.update(model_config=json.dumps(chain(dense())))),
    "a .h5 whose layer is elsewhere": legacy(chain(dense()), elsewhere),
    "a .h5 whose array is missing": legacy(chain(dense()), absent),
    "a .h5 with names that are numbers": legacy(chain(dense()), numbers),
    "a .h5 with a config of numbers": hdf5(lambda root: root.attrs.update(model_config=np.arange(3))),
}


@pytest.fixture(autouse=True, scope="module")
def imported(tmp_path_factory):
    """Nobody's time is what the first file of all needs for imports."""
    path = tmp_path_factory.mktemp("first") / "model.keras"
    fl.Sequential([fl.Input((3,)), fl.layers.Dense(2)]).save(path)
    fl.load(path)


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_is_refused(name, tmp_path):
    path = tmp_path / ("model.h5" if ".h5" in name else "model.keras")
    path.write_bytes(HOSTILE[name])
    with little_time(), little_memory(), pytest.raises(ModelFormatError) as caught:
        fl.load(path)
    assert "expected" in str(caught.value) and len(str(caught.value)) < 2000


def test_a_lambda_is_never_run(tmp_path):
    code = {"class_name": "__lambda__", "config": {"value": "4wAAAA", "defaults": None, "closure": None}}
    path = tmp_path / "model.keras"
    path.write_bytes(archive(chain({"class_name": "Lambda", "config": {"name": "l", "function": code}})))
    with pytest.raises(UnsupportedOp, match=r"Lambda \(l\)"):
        fl.load(path)
