"""Does the command line say what it is asked, to people and to machines, and fail with an exit code that says so?"""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

import fanlight as fl
from fanlight.cli import main
from web.sites import iris

COMMANDS = ("demo", "convert", "serve", "inspect", "verify", "advise")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return iris(tmp_path_factory.mktemp("commanded") / "iris")


@pytest.fixture
def fanlight():
    """Runs a command: fanlight("inspect", path) gives what click's runner found."""
    return lambda *words: CliRunner().invoke(main, list(map(str, words)))


@pytest.fixture
def broken(folder, tmp_path):
    """A folder whose manifest is cut off."""
    (tmp_path / "fanlight.json").write_bytes((folder / "fanlight.json").read_bytes()[:-100])
    return tmp_path


def test_it_names_its_version_and_commands(fanlight):
    assert fanlight("--version").output.strip().endswith(fl.__version__)
    shown = fanlight("--help")
    assert shown.exit_code == 0 and all(f"\n  {command} " in shown.output for command in COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_and_json(fanlight, command):
    shown = fanlight(command, "-h")
    assert shown.exit_code == 0 and "--json" in shown.output


@pytest.mark.parametrize("command", ["serve", "inspect", "verify", "advise"])
def test_a_folder_that_is_not_there(fanlight, tmp_path, command):
    told = fanlight(command, tmp_path / "missing")
    assert told.exit_code == 1 and told.stdout == ""
    assert told.stderr.startswith("StorageError: ") and told.stderr.count("\n") == 1
    told = fanlight(command, tmp_path / "missing", "--json")
    assert told.exit_code == 1 and told.stderr == ""
    found = json.loads(told.stdout)
    assert (found["ok"], found["error"]) == (False, "StorageError") and "expected a folder" in found["message"]


@pytest.mark.parametrize("command", ["inspect", "verify", "advise"])
def test_a_broken_bundle(fanlight, broken, command):
    found = fanlight(command, broken, "--json")
    assert found.exit_code == 1
    assert json.loads(found.stdout)["error"] == "ModelFormatError"
    assert "fanlight.json" in fanlight(command, broken).stderr


def test_inspect_as_json_is_one_line(fanlight, folder):
    found = fanlight("inspect", folder, "--json")
    assert found.exit_code == 0 and found.output.count("\n") == 1
    facts = json.loads(found.output)
    assert facts["ok"] and facts["name"] == "iris"
    assert {"layers", "functions", "state", "memory", "files"} <= facts.keys()


def test_inspect_prints_tables_or_a_stage(fanlight, folder):
    assert "exported folder" in fanlight("inspect", folder).output
    assert fanlight("inspect", folder, "--after", "lower").output.startswith("program of ")
    told = json.loads(fanlight("inspect", folder, "--after", "describe", "--json").output)
    assert told["after"] == "describe" and told["text"].startswith("module\n")


def test_a_stage_that_does_not_exist(fanlight, folder):
    told = fanlight("inspect", folder, "--after", "fuse")
    assert told.exit_code == 1 and "expected one of describe, differentiate, simplify" in told.stderr


def test_what_is_not_understood_is_another_exit_code(fanlight, folder):
    assert fanlight("inspect").exit_code == 2
    assert fanlight("inspect", folder, "--afterwards", "lower").exit_code == 2
    assert fanlight("serve", folder, "--port", "many").exit_code == 2
    assert fanlight("train").exit_code == 2


@pytest.mark.parametrize("ok", [True, False])
def test_verify_exits_with_its_verdict(fanlight, folder, monkeypatch, ok):
    asked = []

    def verify_bundle(source, privacy, against, tolerance):
        asked.append((source, privacy, against, tolerance))
        checks = [{"name": "files", "ok": ok, "detail": "told"}, {"name": "page", "ok": None, "detail": "not run"}]
        return {"ok": ok, "checks": checks, "proved": ["this"], "not_proved": ["that"]}

    monkeypatch.setattr("fanlight.verification.verify_bundle", verify_bundle)
    found = fanlight("verify", folder, "--privacy", "--json")
    assert found.exit_code == (0 if ok else 1) and json.loads(found.output)["ok"] is ok
    found = fanlight("verify", folder)
    assert found.exit_code == (0 if ok else 1)
    assert f"{'✓' if ok else '✗'} files: told" in found.output and "· that" in found.output
    assert f"2 checks, {0 if ok else 1} failed, 1 not run" in found.output
    fanlight("verify", folder, "--against", "model.onnx", "--tolerance", "0.01")
    assert asked[:2] == [(folder, True, None, None), (folder, False, None, None)]
    assert asked[2] == (folder, False, Path("model.onnx"), 0.01)
    assert fanlight("verify", folder, "--tolerance", "0.01").exit_code == 2


def test_as_a_program_of_its_own(folder, tmp_path):
    def run(*words):
        command = [sys.executable, "-m", "fanlight.cli", *map(str, words)]
        return subprocess.run(command, capture_output=True, text=True, timeout=60, cwd=tmp_path)

    done = run("inspect", folder, "--json")
    assert done.returncode == 0 and json.loads(done.stdout)["name"] == "iris"
    done = run("inspect", tmp_path)
    assert done.returncode == 1 and "Traceback" not in done.stderr
    assert done.stderr.startswith("StorageError: a bundle: expected fanlight.json")


def test_convert_writes_a_smaller_folder(tmp_path):
    model = fl.Sequential([fl.Input((64,)), fl.layers.Dense(400, name="wide"), fl.layers.Dense(3)])
    model.save(tmp_path / "model")
    command = ["convert", str(tmp_path / "model"), str(tmp_path / "site"), "--quantize", "int8", "--prune", "0.25"]
    done = CliRunner().invoke(main, command)
    assert done.exit_code == 0, done.output
    assert "weights:" in done.output
    assert "left out" in done.output
    kernel = fl.load(tmp_path / "site").weights()["wide/kernel"]
    assert (kernel == 0).sum() == 6400
    assert CliRunner().invoke(main, [*command[:-1], "1.5"]).exit_code == 2
