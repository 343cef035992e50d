"""What does an ONNX file compute, by onnxruntime, for inputs of the bundle that was made from it?

In: a bundle and the path of the file. Out: cases: what the page is given, and what the file gives for the same. Raises
ModelFormatError where the bundle was made from another file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from fanlight.bundle.manifest import Slot
from fanlight.bundle.read import Bundle
from fanlight.bundle.weights import from_safetensors
from fanlight.errors import ModelFormatError, UnsupportedOp
from fanlight.importers.graphs.build import OURS
from fanlight.importers.graphs.run import DTYPE_OF
from fanlight.importers.onnx.operators import written_out
from fanlight.importers.onnx.read import read_file
from fanlight.ir import dim as dims
from fanlight.layers import Network
from fanlight.layers.input import BATCH
from fanlight.loading import graph_record, read_model

FUNCTION = "predict"
SIZES = ((1, 5), (3, 8))  # rows, and the length of other open axes, of each case
HIGHEST = (1000, 100, 10, 2)  # below which integers are drawn: the first that the file takes, which may look them up
SEED = 0

Arrays = dict[str, np.ndarray]


@dataclass(frozen=True)
class Case:
    """One call. `given` are the arrays of the function; of those in `raw`, pixels, a function prepares them first.
    `expected` are outputs by the names of the bundle."""

    name: str
    given: Arrays
    raw: Mapping[str, str]
    sizes: Mapping[str, int]
    expected: Arrays


class Original:
    """The file that a bundle was made from. Raises UnsupportedOp where onnxruntime is missing or refuses the file."""

    def __init__(self, bundle: Bundle, path: Path):
        self.bundle, self.path = bundle, path
        self.file = read_file(path)
        self.network = self.network_of(bundle)
        self.names: Mapping[str, str] = self.network.source["outputs"]
        self.constants = self.constant_inputs()
        self.check_names()
        self.session = session(path)

    def error(self, expected: object, got: object) -> ModelFormatError:
        do = f"name the file that {self.bundle.path} was converted from"
        return ModelFormatError("verify --against", expected=expected, got=got, at=self.path, do=do)

    def network_of(self, bundle: Bundle) -> Network:
        model = read_model(bundle)
        if model is None or model.network.source.get("format") != "onnx":
            got = f"{bundle.path}, which was made another way"
            raise self.error("a bundle that was converted from an ONNX file", got)
        return model.network

    def constant_inputs(self) -> Arrays:
        """Inputs of the file that the bundle holds as constants."""
        theirs = {slot["name"] for slot in self.network.source["inputs"].values()}
        wanted = {slot.name for slot in self.file.graph.inputs} - theirs
        found: Arrays = {}
        for layer in self.network.layers:
            node: Any = getattr(layer, "node", None)
            for name, source in zip(node.inputs if node else (), getattr(layer, "operands", ()), strict=False):
                if name in wanted and isinstance(source, Mapping):
                    held = source["value"] if "value" in source else self.bundle.weights()[source["weight"]]
                    found[name] = numpy_of(held)
        return found

    def check_names(self) -> None:
        """The inputs and outputs of the file are those that the bundle was made of."""
        ours = {slot["name"]: (slot["dtype"], slot["shape"]) for slot in self.network.source["inputs"].values()}
        slots = [slot for slot in self.file.graph.inputs if slot.name not in self.constants]
        # A bundle remembers the dtype that it computes in.
        theirs = {slot.name: (DTYPE_OF.get(str(slot.dtype)), list(slot.shape or ())) for slot in slots}
        if ours != theirs:
            raise self.error(f"inputs {signature(ours)}", signature(theirs))
        ends = [slot.name for slot in self.file.graph.outputs]
        mine = [self.names.get(name, f"{name} (not of a file)") for name in self.network.output_names]
        if mine != ends:
            raise self.error(f"outputs {', '.join(mine)}", ", ".join(ends))

    def changed_weights(self) -> list[str]:
        """Arrays that are not the file's, as after training; those that are stored in fewer bytes do not count."""
        tensors = written_out(self.file).tensors
        fewer = graph_record(self.bundle).get("stored") or {}
        names = {f"weights/{name}" if name.startswith(OURS) else name: name for name in tensors}
        kept = {key: array for key, array in self.bundle.weights().items() if key in names and key not in fewer}
        return [key for key, array in kept.items() if not same_bits(array, tensors[names[key]])]

    def stored(self) -> str:
        """In which forms the bundle stores weights that are float32 in the file: `int8 and float16`, or nothing."""
        forms = graph_record(self.bundle).get("stored") or {}
        words = {each["format"] for each in forms.values() if each["format"] != "float32"}
        words |= {"pruned" for each in forms.values() if each["kept"] is not None}
        return " and ".join(sorted(words))

    # Cases

    def cases(self) -> list[Case]:
        """Random inputs of one row and of a few, and those of the self-test."""
        rng = np.random.default_rng(SEED)
        function = self.bundle.manifest.functions[FUNCTION]
        tried: list[dict[str, int]] = []
        for rows, length in SIZES:
            wanted = {size.name: rows if size.name == BATCH else length for size in function.sizes}
            sizes = {size.name: min(size.high, max(size.low, wanted[size.name])) for size in function.sizes}
            tried += [sizes] if sizes not in tried else []
        found = [self.random_case(sizes, rng) for sizes in tried]
        if given := self.tested():
            found.append(self.case("self-test", given, {}, sizes_of(function.inputs, given)))
        return found

    def random_case(self, sizes: Mapping[str, int], rng: np.random.Generator) -> Case:
        slots = self.bundle.manifest.functions[FUNCTION].inputs
        raw = {slot.name: by for slot in slots if (by := self.preparing(slot.name))}
        shapes = {slot.name: tuple(dims.evaluate(extent, sizes) for extent in slot.shape) for slot in slots}
        words = ", ".join(f"{name} {length}" for name, length in sizes.items()) or "fixed sizes"
        for high in HIGHEST:
            given = {
                slot.name: drawn("uint8" if slot.name in raw else slot.dtype, shapes[slot.name], high, rng)
                for slot in slots
            }
            try:
                return self.case(f"random, {words}", given, raw, sizes)
            except UnsupportedOp:
                if high == HIGHEST[-1] or all(slot.dtype in ("float32", "bool") for slot in slots):
                    raise
        raise AssertionError(HIGHEST)

    def preparing(self, name: str) -> str | None:
        """The function that makes an input of pixels."""
        if self.bundle.manifest.meanings.get(name, {}).get("kind") != "image":
            return None
        functions = self.bundle.manifest.functions
        made = {key: [slot.name for slot in function.outputs] for key, function in functions.items()}
        return next((key for key in ("prepare", f"prepare_{name}") if name in made.get(key, ())), None)

    def tested(self) -> Arrays:
        """The inputs of the bundle's self-test, if it has one; pictures are prepared in it."""
        if self.bundle.manifest.selftest is None:
            return {}
        arrays = from_safetensors(self.bundle.content(self.bundle.manifest.selftest), str(self.bundle.path))
        start = f"{FUNCTION}/input/"
        return {key.removeprefix(start): numpy_of(each) for key, each in arrays.items() if key.startswith(start)}

    def case(self, name: str, given: Arrays, raw: Mapping[str, str], sizes: Mapping[str, int]) -> Case:
        """The case with what onnxruntime gives. Raises UnsupportedOp where it refuses the inputs."""
        inputs = {key: self.pixels_prepared(key, array) if key in raw else array for key, array in given.items()}
        layers = {str(layer.name) for layer in self.network.layers}
        feeds = dict(self.constants)
        for key, array in inputs.items():
            # The layer that turns a picture stands where the file wants channels first.
            turned = np.moveaxis(array, -1, 1) if f"{key}_channels_first" in layers else array
            feeds[self.network.source["inputs"][key]["name"]] = turned
        dtypes = {slot.name: slot.dtype for slot in self.file.graph.inputs}
        typed = {key: np.ascontiguousarray(array).astype(np.dtype(dtypes[key])) for key, array in feeds.items()}
        ends = [self.names[key] for key in self.network.output_names]
        try:
            results = self.session.run(ends, typed)
        except Exception as error:  # onnxruntime has a dozen classes of its own, with no common one but this
            raise refused(self.path, error) from error
        return Case(name, given, raw, sizes, dict(zip(self.network.output_names, results, strict=True)))

    def pixels_prepared(self, name: str, pixels: np.ndarray) -> np.ndarray:
        """What the network sees of pixels, as the manifest says it."""
        meaning = self.bundle.manifest.meanings[name]
        x = pixels[..., [2, 1, 0, 3][: pixels.shape[-1]]] if is_turned(meaning) else pixels
        return ((x / meaning["scale"] - meaning["mean"]) / meaning["std"]).astype("float32")


def is_turned(meaning: Mapping[str, Any]) -> bool:
    return meaning["order"] == "bgr" and meaning["channels"] >= 3


def session(path: Path) -> Any:
    try:
        import onnxruntime
    except ImportError as error:
        do = "install it: pip install onnxruntime"
        raise UnsupportedOp("verify --against", expected="the package onnxruntime", got="none", do=do) from error
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    try:
        return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # as above
        raise refused(path, error) from error


def refused(path: Path, error: Exception) -> UnsupportedOp:
    said = " ".join(str(error).split()).rpartition(") ")[2][-300:]  # after the names of what failed inside
    return UnsupportedOp("verify --against", expected="a file that onnxruntime runs", got=said, at=path)


def drawn(dtype: str, shape: tuple[int, ...], high: int, rng: np.random.Generator) -> np.ndarray:
    """Random numbers: normal floats, integers from 0 to below `high`."""
    if dtype == "float32":
        return rng.normal(size=shape).astype("float32")
    if dtype == "bool":
        return rng.random(shape) < 0.5
    if dtype in ("uint8", "int8"):
        high = min(high, np.iinfo(dtype).max + 1) if high != HIGHEST[0] else np.iinfo(dtype).max + 1
    return rng.integers(0, high, shape).astype(dtype)


def sizes_of(slots: tuple[Slot, ...], arrays: Arrays) -> dict[str, int]:
    """The lengths of open axes, as these arrays have them."""
    found: dict[str, int] = {}
    for slot in slots:
        for extent, length in zip(slot.shape, arrays[slot.name].shape, strict=True):
            if size := dims.single_size(extent):
                found[size.name] = length
    return found


def numpy_of(array: Any) -> np.ndarray:
    return array if isinstance(array, np.ndarray) else np.frombuffer(array.data, array.dtype).reshape(array.shape)


def same_bits(array: Any, tensor: np.ndarray) -> bool:
    mine = numpy_of(array)
    return mine.shape == tensor.shape and np.array_equal(
        mine, tensor.astype(mine.dtype), equal_nan=mine.dtype.kind == "f"
    )


def signature(slots: Mapping[str, tuple[Any, Any]]) -> str:
    return ", ".join(f"{name} {dtype}{shape}" for name, (dtype, shape) in slots.items())
