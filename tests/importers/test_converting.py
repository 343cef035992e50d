"""How long does converting MobileNetV2 take, and how much memory? Time of the whole command; memory beyond that of the
libraries, in a process that converted a small model before."""

import subprocess
import sys
import time

import pytest

from importers.test_onnx import published

SECONDS = 2
TIMES = 7  # the file's size at the peak: its weights as read, raw, packed, and the compiler's own

COMMAND = "from fanlight.cli import main; main()"

MEMORY = """
import re, sys
from pathlib import Path
import fanlight as fl

def peak():
    return int(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1]) * 1024

small, large, folder = map(Path, sys.argv[1:])
fl.load(small).export(folder / "small")
Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew
before = peak()
fl.load(large).export(folder / "large")
print(peak() - before)
"""


@pytest.mark.full
def test_it_takes_seconds(tmp_path):
    took = []
    for number in range(3):
        command = [sys.executable, "-c", COMMAND, "convert", str(published("mobilenetv2_features"))]
        start = time.perf_counter()
        subprocess.run([*command, str(tmp_path / str(number))], check=True, capture_output=True, timeout=60)
        took.append(time.perf_counter() - start)
    print(f"{min(took):.2f} to {max(took):.2f} s")
    assert min(took) <= SECONDS


@pytest.mark.full
@pytest.mark.skipif(sys.platform != "linux", reason="peaks of memory are read as Linux tells them")
def test_its_memory_is_bounded(tmp_path):
    small, large = published("mnist"), published("mobilenetv2_features")
    command = [sys.executable, "-c", MEMORY, str(small), str(large), str(tmp_path)]
    done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=60)
    grown, size = int(done.stdout.split()[-1]), large.stat().st_size
    print(f"{grown / 1e6:.1f} MB, {grown / size:.1f} times the file")
    assert 1 < grown / size <= TIMES
