"""Is there an ONNX file that `fl.load` neither opens nor refuses at once? Looks for one, guided by what the code does.

`pip install --target FOLDER atheris`, then `PYTHONPATH=src:FOLDER python tests/fuzz_onnx.py --minutes 30`. In: how
long, and a folder that keeps the files that reach new code, for the next time. Out: one line, and one file in `found/`,
for each kind of failure. `--check found/*` tries files alone, as tests/importers/test_onnx_hostile.py does: what fails
there belongs in onnx_hostile.py.
"""

from __future__ import annotations

import argparse
import hashlib
import resource
import signal
import sys
import tempfile
import time
import traceback
import tracemalloc
import warnings
from pathlib import Path
from random import Random
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

SECONDS, BYTES = 1.0, 200 << 20  # that a file may take
SLOWER = 3.0  # seconds with the code that counts what is reached
ROOM = 300 << 20  # bytes of address space for one file
LONGEST = 40_000  # bytes of a file that is tried
NAME = "hostile.onnx"  # as files that refer to themselves expect


class TooLong(BaseException):
    """Raised in the middle of what takes too long; nothing catches it on the way."""


def stop(*_: Any) -> None:
    raise TooLong


class Harness:
    """Tries files one after another; keeps one for each kind of failure."""

    def __init__(self, folder: Path, scratch: Path):
        import atheris

        with atheris.instrument_imports(include=["fanlight"], enable_loader_override=False):
            import fanlight.model
            import fanlight.onnx_files  # what load imports when it needs it
            from fanlight.errors import ModelFormatError, UnsupportedOp
        self.load = fanlight.load
        self.refusals = (ModelFormatError, UnsupportedOp)
        self.path, self.found, self.corpus = scratch / NAME, folder / "found", folder / "corpus"
        self.kinds: set[str] = set()
        for each in (self.found, self.corpus):
            each.mkdir(parents=True, exist_ok=True)
        seeds = starting_files()
        for data in seeds:
            (self.corpus / hashlib.sha1(data).hexdigest()).write_bytes(data)
        self.others = [model for data in seeds if (model := parsed(data)) is not None]

    def one(self, data: bytes) -> None:
        """Tries a file."""
        self.path.write_bytes(data)
        used = 4096 * int(Path("/proc/self/statm").read_text().split()[0])
        _, most = resource.getrlimit(resource.RLIMIT_AS)
        resource.setrlimit(resource.RLIMIT_AS, (used + ROOM, most))
        signal.setitimer(signal.ITIMER_PROF, SLOWER)
        try:
            self.load(self.path)
        except self.refusals:
            pass
        except (Exception, TooLong) as error:
            signal.setitimer(signal.ITIMER_PROF, 0)
            resource.setrlimit(resource.RLIMIT_AS, (most, most))
            self.keep(data, error)
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)
            resource.setrlimit(resource.RLIMIT_AS, (most, most))

    def keep(self, data: bytes, error: BaseException) -> None:
        """Writes a file down that fails in a way that none failed in before."""
        frames = traceback.extract_tb(error.__traceback__)
        ours = [each for each in frames if "/fanlight/" in each.filename] or list(frames)
        if isinstance(error, TooLong):  # wherever it was stopped: by the rule that took so long
            ours = [each for each in ours if "/onnx/" in each.filename] or ours
        last = ours[-1]
        kind = f"{type(error).__name__} in {last.filename.rpartition('/')[2]}:{last.name}:{last.lineno}"
        if kind in self.kinds:
            return
        self.kinds.add(kind)
        name = f"{kind.replace(' in ', '-').replace(':', '-').replace('<', '').replace('>', '')}.onnx"
        (self.found / name).write_bytes(data)
        print(f"\nFOUND {kind}: {str(error)[:200]}", file=sys.stderr, flush=True)

    def changed(self, data: bytes, longest: int, seed: int) -> bytes:
        """Another file: bytes changed, or the model that they are."""
        from importers.onnx_mutations import change

        draw = Random(seed)
        model = parsed(data) if draw.random() < 0.9 else None
        if model is None:
            return changed_bytes(data, draw)[:longest]
        try:
            change(model, draw, self.others)
        except Exception:  # a change that cannot be written down
            return changed_bytes(data, draw)[:longest]
        found = model.SerializeToString()
        return found if len(found) <= longest else data


def changed_bytes(data: bytes, draw: Random) -> bytes:
    """The bytes with some changed, missing, or there twice."""
    found = bytearray(data)
    for _ in range(draw.choice((1, 1, 2, 4, 8))):
        begin = draw.randrange(len(found) + 1)
        end = min(len(found), begin + draw.choice((1, 1, 2, 4, 16, 64)))
        match draw.randrange(4):
            case 0:
                found[begin:end] = draw.randbytes(end - begin)
            case 1:
                del found[begin:end]
            case 2:
                found[begin:begin] = found[begin:end]
            case _:
                found[begin:end] = bytes(draw.choice((0, 1, 0x7F, 0x80, 0xFF)) for _ in range(end - begin))
    return bytes(found)


def parsed(data: bytes) -> Any:
    from google.protobuf.message import DecodeError
    from onnx import ModelProto

    try:
        return ModelProto.FromString(data)
    except DecodeError:
        return None


def starting_files() -> list[bytes]:
    """The sound model and the hostile ones, and the smallest node tests of the onnx package that use operators in all
    their ways: with these attributes, so many inputs and outputs."""
    import onnx.backend.test.case.node as suite

    from importers.onnx_hostile import HEAVY, NOT_BUILT, SOUND, changed, hostile, sound

    made = [changed(change) for change in (HEAVY | NOT_BUILT | SOUND).values()]
    found = [each for each in (sound().SerializeToString(), *dict(hostile()).values(), *made) if len(each) <= LONGEST]
    seen: set[Any] = set()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the references divide by 0 on purpose
        cases = suite.collect_testcases(None)
    for case in sorted(cases, key=lambda case: (case.model.ByteSize(), case.name)):
        ways = {(n.op_type, len(n.input), len(n.output), *sorted(a.name for a in n.attribute))
                for n in case.model.graph.node}  # fmt: skip
        if not ways <= seen and case.model.ByteSize() <= LONGEST:
            seen |= ways
            found.append(with_settings(case).SerializeToString())
    return found


def with_settings(case: Any) -> Any:
    """The model of a case in which the operands that shapes and constants must tell are constants."""
    import numpy as np
    from onnx import ModelProto, helper, numpy_helper

    from fanlight.importers.onnx.rules import RULES

    model = ModelProto()
    model.CopyFrom(case.model)
    kinds = [(f"{n.domain}.{n.op_type}" if n.domain else n.op_type, n.input) for n in model.graph.node]
    wanted = {names[k] for kind, names in kinds if kind in RULES for k in RULES[kind].settings if k < len(names)}
    arrays = dict(zip((slot.name for slot in model.graph.input), case.data_sets[0][0], strict=False))
    for slot in list(model.graph.input):
        if slot.name in wanted and isinstance(arrays.get(slot.name), np.ndarray | np.generic):
            model.graph.input.remove(slot)
            model.graph.initializer.append(numpy_helper.from_array(np.asarray(arrays[slot.name]), slot.name))
    if not model.graph.input:
        model.graph.input.append(helper.make_tensor_value_info("rows", 1, ("n", 4)))
    return model


def check(path: Path, scratch: Path) -> str:
    """What comes of a file alone, and what it costs."""
    import fanlight as fl
    from fanlight.errors import ModelFormatError, UnsupportedOp

    place = scratch / NAME
    place.write_bytes(path.read_bytes())
    tracemalloc.start()
    begin = time.process_time()
    try:
        fl.load(place)
        said = "opened"
    except (ModelFormatError, UnsupportedOp) as error:
        said = f"refused: {error}"
    except Exception as error:
        said = f"FAILED: {type(error).__name__}: {error}"
    seconds, (_, peak) = time.process_time() - begin, tracemalloc.get_traced_memory()
    tracemalloc.stop()
    verdict = "too much" if seconds >= SECONDS or peak >= BYTES else "within bounds"
    return f"{path.name}: {seconds:.2f} s, {peak >> 20} MB, {verdict}; {said}"


def warm_up(scratch: Path) -> None:
    """Imports what the first file needs."""
    import fanlight as fl
    from importers.onnx_hostile import sound

    (scratch / NAME).write_bytes(sound().SerializeToString())
    fl.load(scratch / NAME)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "fanlight-fuzz-onnx")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--check", type=Path, nargs="+", help="files to try alone")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    with tempfile.TemporaryDirectory() as scratch:
        if options.check:
            warm_up(Path(scratch))
            for path in options.check:
                print(check(path, Path(scratch)))
            return
        fuzz(options, Path(scratch))


def fuzz(options: argparse.Namespace, scratch: Path) -> None:
    try:
        import atheris
    except ImportError:
        raise SystemExit("expected the package atheris, got none; pip install --target FOLDER atheris") from None
    harness = Harness(options.folder, scratch)
    signal.signal(signal.SIGPROF, stop)
    arguments = [sys.argv[0], str(harness.corpus), f"-max_total_time={60 * options.minutes:.0f}"]
    arguments += [f"-max_len={LONGEST}", "-len_control=0", f"-seed={options.seed}", "-timeout=300"]
    arguments += [f"-artifact_prefix={harness.found}/", "-rss_limit_mb=4096", "-print_final_stats=1"]
    atheris.Setup(arguments, harness.one, custom_mutator=harness.changed)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
