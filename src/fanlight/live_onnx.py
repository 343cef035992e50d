"""How does a live PyTorch module or scikit-learn estimator become a model? Through the ONNX file that it exports.

In: what other libraries hold. Out: models. Goes the way of a file from there on."""

from __future__ import annotations

import copy
import inspect
import io
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from fanlight.errors import ModelFormatError, UnsupportedOp
from fanlight.importers.onnx.read import read_bytes
from fanlight.onnx_files import model_of

if TYPE_CHECKING:
    from fanlight.model import Model

OPSET = 17


def from_torch(
    module: Any,
    example_inputs: Any,
    train: bool = True,
    *,
    open_axes: Mapping[str, Mapping[int, str]] | None = None,
    **said: Any,
) -> Model:
    """The Fanlight model that a PyTorch module is, traced by `torch.onnx.export` on `example_inputs`: a tensor, or a
    tuple of them, rows first.

    Inputs have the names of `forward`'s arguments, outputs "output", or "output_0" and so on; weights PyTorch's. With
    `train` dropout and batch normalization train as they would there. `open_axes` names axes of any length, `{"tokens":
    {1: "length"}}`; the first one is always open. `inputs`, `outputs` and `dims` are those of `fl.load`.

    >>> fl.from_torch(torch.nn.Linear(4, 3), torch.zeros(1, 4)).export("site/", train=False)
    """
    import torch

    if not isinstance(module, torch.nn.Module):
        raise ModelFormatError("from_torch", expected="a torch.nn.Module", got=type(module).__name__)
    examples = tuple(example_inputs) if isinstance(example_inputs, list | tuple) else (example_inputs,)
    parameters = list(inspect.signature(module.forward).parameters.values())
    names = [each.name for each in parameters if each.kind is each.POSITIONAL_OR_KEYWORD][: len(examples)]
    if len(names) < len(examples):
        names = [f"input_{k}" for k in range(len(examples))]
    outputs = output_names(module, examples)
    axes: dict[str, dict[int, str]] = {name: {0: "batch"} for name in (*names, *outputs)}
    for name, more in (open_axes or {}).items():
        axes.setdefault(name, {}).update(more)
    mode = torch.onnx.TrainingMode.TRAINING if train else torch.onnx.TrainingMode.EVAL
    twin, file = told_apart(module), io.BytesIO()
    twin.train(train)
    export: Any = torch.onnx.export
    try:
        export(
            twin, examples, file, dynamo=False, training=mode, do_constant_folding=False, opset_version=OPSET,
            input_names=names, output_names=outputs, dynamic_axes=axes,
        )  # fmt: skip
    except torch.onnx.errors.OnnxExporterError as error:
        raise UnsupportedOp("from_torch", expected="a module that torch.onnx exports", got=error) from error
    trained = frozenset(name for name, each in module.named_parameters() if each.requires_grad)
    model = model_of(read_bytes(file.getvalue(), type(module).__name__), parameters=trained, **said)
    for name, each in module.state_dict().items():
        if name in model._state and tuple(each.shape) == model._state[name].shape:
            model._state[name] = each.detach().cpu().numpy().astype(model._state[name].dtype)
    return model


def told_apart(module: Any) -> Any:
    """A copy in which no two weights are equal: the exporter would make them one, and they learn different things."""
    import torch

    copied = copy.deepcopy(module)
    with torch.no_grad():
        for number, each in enumerate(copied.state_dict().values()):
            if each.is_floating_point():
                each += 1e-4 * (number + 1)
    return copied


def output_names(module: Any, examples: Sequence[Any]) -> list[str]:
    """ "output", or one name for each of several."""
    import torch

    was_training = module.training
    module.eval()
    with torch.no_grad():
        result = module(*examples)
    module.train(was_training)
    count = len(result) if isinstance(result, list | tuple) else 1
    return ["output"] if count == 1 else [f"output_{k}" for k in range(count)]


def from_sklearn(estimator: Any, name: str = "features", **said: Any) -> Model:
    """The Fanlight model that a fitted scikit-learn estimator is, converted by skl2onnx. Its input `name` is float32
    `[rows, n_features]`; a classifier gives "label" and "probabilities", a regressor "variable".

    >>> fl.from_sklearn(RandomForestClassifier().fit(x, y)).export("site/")
    """
    from skl2onnx import to_onnx
    from skl2onnx.common.data_types import FloatTensorType

    count = getattr(estimator, "n_features_in_", None)
    if count is None:
        do = "call its fit first"
        raise ModelFormatError("from_sklearn", expected="a fitted estimator", got=type(estimator).__name__, do=do)
    options = {"zipmap": False} if hasattr(estimator, "classes_") else {}
    convert: Any = to_onnx
    proto = convert(
        estimator,
        initial_types=[(name, FloatTensorType([None, count]))],
        options={id(estimator): options} if options else None,
        target_opset=OPSET,
    )
    return model_of(read_bytes(proto.SerializeToString(), type(estimator).__name__), **said)
