"""Does `inspect` say of a TensorFlow file what one should know before it is converted?"""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

import fanlight as fl
from fanlight.cli import main
from fanlight.errors import UnknownNameError, UnsupportedOp
from fanlight.inspection import inspect_source, print_inspection
from importers.tensorflow_js import graph_of, topology, write

FILES = Path(__file__).parent / "tensorflow"


def shown(path, capsys):
    found = inspect_source(path)
    assert json.loads(json.dumps(found)) == found
    print_inspection(found)
    return found, capsys.readouterr().out


def test_a_folder_of_signatures(capsys):
    found, text = shown(FILES / "served", capsys)
    assert [each["name"] for each in found["signatures"]] == ["choose", "repeat", "scores"]
    assert found["signature"] == "choose" and found["kind"] == "SavedModel"
    assert "there are also repeat, scores" in text and "best int32[?, 1], scores float32[?, 2]" in text
    assert not found["convertible"] and "a single number" in found["refused"][0]["why"]


def test_any_function_of_a_folder(capsys):
    found = inspect_source(FILES / "served", signature="scores")
    assert found["signature"] == "scores" and found["convertible"]
    assert found["next"].endswith("--signature scores")
    for source, signature in ((FILES / "served", "nothing"), (FILES / "old.pb", "scores"), (FILES, "scores")):
        with pytest.raises(UnknownNameError, match="signature"):
            inspect_source(source, signature=signature)


def test_a_frozen_graph_and_a_graph_model(tmp_path, capsys):
    frozen, text = shown(FILES / "old.pb", capsys)
    assert frozen["kind"] == "frozen graph" and frozen["convertible"] and frozen["multiply_adds"] == 6
    assert frozen["weights"] == {"tensors": 4, "numbers": 11, "bytes": 44, "trainable": 9}
    assert text.splitlines()[-1] == f"next: fanlight convert {FILES / 'old.pb'} old-site"
    model, arrays = topology(graph_of(FILES / "old.pb"))
    found, _ = shown(write(tmp_path, model, arrays, format="graph-model"), capsys)
    assert found["kind"] == "graph-model" and found["operators"] == frozen["operators"]
    assert {each["name"]: each["gradient"] for each in found["operators"]}["Relu"] is True
    assert all(each["supported"] for each in found["operators"])


def test_models_of_layers(capsys):
    found, text = shown(FILES / "layers" / "gated", capsys)
    assert found["kind"] == "layers-model" and found["weights"]["numbers"] == found["weights"]["trainable"] == 328
    assert [slot["name"] for slot in found["outputs"]] == ["rnn_RNN1", "lstm_LSTM2", "lstm_LSTM2_1"]
    assert "written by TensorFlow.js tfjs-layers v4.22.0" in text


def test_everything_that_is_refused_is_told_at_once(tmp_path, capsys):
    graph = graph_of(FILES / "old.pb")
    for name, op in (("first", "DecodeJpeg"), ("second", "NoSuchThing")):
        graph.node.add(name=name, op=op, input=["hidden"])
    path = tmp_path / "x.pb"
    path.write_bytes(graph.SerializeToString())
    found, text = shown(path, capsys)
    assert [each["what"] for each in found["refused"]] == ["DecodeJpeg", "NoSuchThing"]
    assert "it cannot be converted as it is" in text
    with pytest.raises(UnsupportedOp, match=r"DecodeJpeg.*NoSuchThing"):
        fl.load(path)


@pytest.mark.parametrize("name", ["served", "old.pb", "layers/dense", "layers/dense/model.json"])
def test_the_command(name):
    told = CliRunner().invoke(main, ["inspect", str(FILES / name), "--json"])
    assert told.exit_code == 0 and json.loads(told.stdout)["form"] == "tensorflow"
    told = CliRunner().invoke(main, ["inspect", str(FILES / name), "--after", "lower"])
    assert told.exit_code == 1 and "convert it first" in told.stderr
