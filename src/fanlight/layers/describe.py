"""How does a network that came without meanings get them? Its inputs and outputs are told what they are to people.

In: a network, meanings of inputs and outputs. Changes nothing that the network computes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fanlight.errors import ShapeError, UnknownNameError
from fanlight.layers.input import InputLayer
from fanlight.layers.meanings import Classes, Meaning
from fanlight.layers.network import Network


def describe(network: Network, inputs: Any = None, outputs: Any = None) -> None:
    """Says what inputs and outputs mean: one meaning where there is one, or a dict by name.

    Raises UnknownNameError for a name that the network lacks, ShapeError where a meaning has another shape.
    """
    taken = spread(inputs, network.input_names, "inputs")
    given = spread(outputs, network.output_names, "outputs")
    symbols = dict(zip(network.input_names, network.inputs, strict=True))
    for name, meaning in taken.items():
        layer, row = symbols[name].layer, symbols[name].shape[1:]
        if not isinstance(layer, InputLayer):
            raise UnknownNameError(f"input {name!r}", expected="an input of its own", got=layer.label)
        fits = len(row) == len(meaning.shape)
        if not fits or any(isinstance(a, int) and a != b for a, b in zip(row, meaning.shape, strict=True)):
            got = f"{meaning.shape}: {meaning}"
            is_turned = sorted(map(str, row)) == sorted(map(str, meaning.shape))
            do = "say it as the file is opened: fl.load(path, inputs={...}) turns pictures" if is_turned else None
            raise ShapeError(f"input {name!r}", expected=f"a meaning of shape {row}", got=got, do=do)
        layer.check_meaning(meaning)
    ends = dict(zip(network.output_names, network.outputs, strict=True))
    for name, meaning in given.items():
        if isinstance(meaning, Classes) and ends[name].shape[-1:] != meaning.shape:
            raise ShapeError(f"output {name!r}", expected=f"{ends[name].shape[-1]} classes", got=meaning)
        network.meanings[name] = meaning


def spread(given: Any, names: Sequence[str], what: str) -> dict[str, Meaning]:
    """One meaning for the only name, or a dict, as a dict by name."""
    if given is None:
        return {}
    if isinstance(given, Meaning):
        if len(names) != 1:
            raise UnknownNameError(what, expected=f"a dict by name, among {list(names)}", got=repr(given))
        given = {names[0]: given}
    if not isinstance(given, Mapping) or not all(isinstance(each, Meaning) for each in given.values()):
        raise UnknownNameError(
            what, expected="meanings, such as fl.Image(96, 96) or fl.Classes([...])", got=repr(given)
        )
    if unknown := [name for name in given if name not in names]:
        raise UnknownNameError(what, expected=f"among {list(names)}", got=unknown)
    return dict(given)
