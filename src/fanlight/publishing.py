"""How does a model or a function become files, and come back? Module + state -> bundle, and bundle -> model.

In: models, traced functions, pages. Out: folders and files. Conducts compiler, bundle and engines; knows no format."""

from __future__ import annotations

import gzip
import json
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from fanlight.bundle.onefile import write_single_file
from fanlight.bundle.own_page import own_files
from fanlight.bundle.page import Page
from fanlight.bundle.weights import to_safetensors
from fanlight.bundle.write import write_bundle, write_file
from fanlight.compiler import TARGETS, Compiled, compile_for
from fanlight.content import IN_PAGE, row_reader
from fanlight.described import DescribedModel
from fanlight.description import describe_module
from fanlight.errors import CompileError, DtypeError, UnknownNameError, UnsupportedOp
from fanlight.exported import nesting_of
from fanlight.importers.names import is_keras, is_onnx
from fanlight.insides import inside_arrays, layer_rows
from fanlight.ir.module import Module
from fanlight.ir.text import module_text
from fanlight.layers.architecture import to_record
from fanlight.samples import self_test
from fanlight.targets.wasm.threads import emit_threads
from fanlight.tensor import Tensor

if TYPE_CHECKING:
    from fanlight.model import Model

VARIANTS = {"portable": "wasm-portable", "relaxed": "wasm-relaxed"}
SHARED = 5_000_000  # scalar operations, about a millisecond: from here on threads help, and code for them is written
TRANSIENT = ("slot", "counter", "carried", "metric")  # roles that begin anew where an export does not carry them
FOREIGN = (".keras", ".h5", ".hdf5", ".onnx", ".pb", ".tflite", ".pt", ".npz")  # a folder of such a name misleads
LARGEST_GRAPH = 256 << 20  # bytes of graph.json after decompression

Arrays = Mapping[str, Any]


def export_model(
    model: DescribedModel,
    path: Path,
    weights: Arrays,
    *,
    train: bool = False,
    page: Page | str | Path | None = None,
    optimizer_state: bool = False,
    onefile: bool = False,
    quantize: str | None = None,
    prune: float = 0.0,
    data: Any = None,
    sample_weight: bool | Mapping[str, int] = False,
    inside: bool = False,
    license: str | None = None,
    citation: str | None = None,
) -> Path:
    """Writes the bundle of `model` with its state `weights`: a folder, or one HTML file where `path` ends in .html.

    - `train`: the page can go on training: `fit`, `evaluate`, `reset`.
    - `page`: an `fl.Page`, or the folder of a page of your own, whose files are copied beside the model; without it a
      folder has no index.html, and one file shows all that fits.
    - `optimizer_state`: also what the optimizer remembers; else it begins anew, and the download is a third.
    - `onefile`: the folder also holds the one-file form, and its page offers it.
    - `quantize`: "float16", or "int8": whole numbers with a scale for each output channel, small arrays as float16.
      `prune`: the part of each array's weights that is left out, the smallest. The page expands them once, at load,
      for the kernels that read them; what it trains stays float32. Prints the bytes, the largest change of an output
      and, with `data=(x, y)`, loss and metrics before and after.
    - `sample_weight`: the page's `fit` and `evaluate` take a weight for each row; a dict by output says how many axes
      the weights have, 2 for one a step.
    - `inside`: widgets can show the table of layers and measure each kernel; a page with the section "inside" has it.

    Raises StorageError where the folder holds something else; what was there stays as it was."""
    if train and not model.recipe:
        do = "call model.compile first, or leave train=True out"
        raise UnknownNameError("export with train=True", expected="a compiled model", got="none", do=do)
    plain = module = model.module(train, sample_weight)
    left_out = ("metric",) if optimizer_state else TRANSIENT
    kept = {name for name, spec in module.state.items() if spec.role not in left_out}
    weights = {name: array for name, array in weights.items() if name in kept}
    module = _resettable(module, model)
    stored: dict[str, Any] = {}
    if quantize is not None or prune:
        if IN_PAGE:
            do = "export where Python runs outside a page"
            raise UnsupportedOp("export", expected="no quantize or prune in a page", got=quantize or prune, do=do)
        from fanlight.smaller import smaller

        module, weights, stored = smaller(cast("Model", model), module, weights, quantize, prune, train, data)
    elif not IN_PAGE:
        from fanlight.smaller import as_they_came

        module, weights, stored = as_they_came(model.network, module, weights)
    training = model.training_record(sample_weight) if train else None
    facts = {"license": license, "citation": citation}
    page = _with_arrays(page, model)
    graph = _graph(model, plain, train, sample_weight, stored)
    layers = layer_rows(model.network)
    return _publish(path, module, model.name, weights, page, onefile, training, facts, graph, inside, layers)


def _resettable(module: Module, model: DescribedModel) -> Module:
    """The module whose `init`, with which a page forgets what it has learnt, leaves frozen layers as they are."""
    layers = [(path, layer) for path, layer in model.network.walk() if not layer.trainable]
    frozen = {layer.weight_path(path, name) for path, layer in layers for name in layer.weights}
    init = module.functions["init"]
    writes = {name: value for name, value in init.writes.items() if name not in frozen}
    return replace(module, functions={**module.functions, "init": replace(init, writes=writes)}) if writes else module


def export(
    functions: Callable[..., Any] | Mapping[str, Callable[..., Any]],
    path: str | Path,
    state: Any = None,
    dims: Mapping[str, int] | None = None,
    page: Page | str | Path | None = None,
    name: str = "functions",
    meanings: Mapping[str, Any] | None = None,
    onefile: bool = False,
) -> Path:
    """Exports functions of arrays, without any layer: `fl.export({"step": step, "predict": predict}, "site/",
    state=params)`. The page calls them by name: `await model.call("step", { x, y })`.

    Each takes the state first (if there is any) and then arguments annotated with `fl.TensorSpec`; it returns outputs,
    or `(new state, outputs)`. `dims` bounds open sizes; "batch" is at most 32 where it says nothing. `meanings` says
    what an input or output is: `{"y": fl.Number("cm")}`."""
    from fanlight.tracing import trace_module

    named = functions if isinstance(functions, Mapping) else {getattr(functions, "__name__", "call"): functions}
    module, arrays = trace_module(named, state, dims)
    described = {key: meaning.to_manifest() for key, meaning in (meanings or {}).items()}
    module = Module(module.functions, module.state, described)
    graph = _packed({"module": module_text(module), "state": nesting_of(state)})
    return _publish(Path(path), module, name, arrays, _with_arrays(page), onefile, None, {}, graph)


def _with_arrays(page: Page | str | Path | None, model: DescribedModel | None = None) -> Page | Path | None:
    """The page with its data as arrays in dtypes that a bundle holds: what `fit` takes may be shown, too."""
    if isinstance(page, Path) or (isinstance(page, str) and Path(page).is_dir()):
        return Path(page)
    if page is not None and not isinstance(page, Page):
        do = f"write page=fl.Page(title={page if isinstance(page, str) else 'My model'!r})"
        raise DtypeError("page", expected="an fl.Page, or a folder", got=repr(page)[:60], do=do)
    if page is None or page.data is None:
        return page
    seen = model.network.input_meanings().get(model.input_names[0]) if model else None
    meant = model.network.output_meanings().get(model.output_names[0]) if model else None
    data = {}
    rows = row_reader()
    for part, (x, y) in page.data.items():
        x, y = rows.input_array(seen, x, f"Page data {part!r}")[0], rows.target_array(meant, y, f"Page data {part!r}")
        data[part] = Tensor(x).numpy(), Tensor(y).numpy()
    return replace(page, data=data)


def _publish(
    path: Path,
    module: Module,
    name: str,
    weights: Arrays,
    page: Page | Path | None,
    onefile: bool,
    training: Mapping[str, Any] | None,
    facts: Mapping[str, Any],
    graph: bytes,
    inside: bool = False,
    layers: list[dict[str, Any]] | None = None,
) -> Path:
    single = path.suffix.lower() in (".html", ".htm")
    own = own_files(page) if isinstance(page, Path) else {}
    if own and (single or onefile):
        do = "export a folder, or show an fl.Page"
        raise UnsupportedOp("export", expected="an fl.Page in one file", got="a page of your own", do=do)
    shown = None if isinstance(page, Path) else page
    written: dict[object, Any] = {}
    wanted = list(VARIANTS) if not single else ["portable"]
    found = compile_for(module, [TARGETS[VARIANTS[variant]] for variant in wanted], written=written)
    compiled = dict(zip(wanted, found, strict=True))
    _check_plans(compiled)
    program = compiled["portable"].program
    manifest = describe_module(module, program, name, training, **facts)
    code = {variant: each.code for variant, each in compiled.items()}
    if not single and any(function.operations >= SHARED for function in manifest.functions.values()):
        for variant, each in compiled.items():
            code[f"{variant}-threads"] = emit_threads(each.program, each.target, written=written)
    asked = inside or (shown is not None and "inside" in (shown.show or ()))
    more: dict[str, Any] = {"page": shown, "selftest": self_test(compiled["portable"], manifest, weights)}
    more |= {"graph": graph, "inside": inside_arrays(compiled, layers) if asked else None}
    if single:
        write_single_file(path, manifest, code, weights, **more)
    else:
        write_bundle(path, manifest, code, weights, onefile=onefile, own=own, **more)
    return path


def _check_plans(compiled: Mapping[str, Compiled]) -> None:
    """One manifest serves all variants, so that their memory plans must be equal."""
    plans = [{name: buffer.offset for name, buffer in each.program.buffers.items()} for each in compiled.values()]
    if any(plan != plans[0] for plan in plans):
        raise CompileError("export", expected="one memory plan for all variants", got="different ones")


# --- what is needed to come back


def _graph(
    model: DescribedModel,
    module: Module,
    train: bool,
    sample_weight: bool | Mapping[str, int],
    stored: Mapping[str, Any],
) -> bytes:
    record: dict[str, Any] = {"network": to_record(model.network), "batch": model.batch_size}
    if stored:
        record["stored"] = stored
    if train:
        recipe = model.recipe_record()
        # A loss of one's own is in the module alone: `fl.load` gives a model that is to be compiled again.
        record |= {"module": module_text(module)} if recipe is None else {"recipe": recipe}
        record |= {"sample_weight": sample_weight} if sample_weight else {}
    return _packed(record)


def _packed(record: Mapping[str, Any]) -> bytes:
    return gzip.compress(json.dumps({"format": 1, **record}).encode(), 9, mtime=0)


def save_model(model: DescribedModel, path: Path, weights: Arrays) -> Path:
    """A folder with everything, the optimizer's state included; of x.safetensors the state; or x.keras, x.onnx."""
    if path.suffix == ".safetensors":
        weights = {name: array for name, array in weights.items() if not name.startswith("metric/")}
        write_file(path, to_safetensors(weights, {"format": "fanlight", "model": model.name}))
        return path
    if path.suffix.lower() == ".keras":
        from fanlight.keras_saving import save_keras

        return save_keras(model, path, weights)
    if is_onnx(path):
        from fanlight.exporters.onnx import onnx_file

        write_file(path, onnx_file(model.network, weights))
        return path
    if path.suffix.lower() in FOREIGN:
        expected = "a folder, or a name that ends in .keras, .onnx, .safetensors or .html"
        do = "write .keras, which Keras 3 opens too" if is_keras(path) else None
        raise UnsupportedOp("save", expected=expected, got=path.name, do=do)
    return export_model(model, path, weights, train=bool(model.recipe), optimizer_state=True)


@dataclass(frozen=True)
class Frame:
    """A page inside a notebook: its HTML form is a frame that holds the whole page, apart from the notebook."""

    title: str
    text: str
    height: int

    def _repr_html_(self) -> str:
        style = f"width: 100%; height: {self.height}px; border: 0"
        attributes = f'title="{escape(self.title)}" style="{style}" sandbox="allow-scripts allow-downloads"'
        return f'<iframe srcdoc="{escape(self.text)}" {attributes}></iframe>'

    def __repr__(self) -> str:
        return f"<page {self.title!r}: shown by a notebook>"


def show_model(model: DescribedModel, weights: Arrays, page: Page | None = None, height: int = 640) -> Frame:
    """The model's page for a notebook, as one file."""
    with tempfile.TemporaryDirectory() as folder:
        path = export_model(model, Path(folder) / "page.html", weights, train=bool(model.recipe), page=page)
        return Frame(page.title if page else model.name, path.read_text(encoding="utf-8"), height)
