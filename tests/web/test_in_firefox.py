"""Does the one-file form open from the disk in Firefox, offline, and learn there?"""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from fanlight.demo import digits_model, digits_page

SCRIPT = Path(__file__).with_name("firefox.mjs")
ROOT = SCRIPT.parents[2]


@pytest.mark.full
def test_the_one_file_demo_opens_from_the_disk_and_learns(tmp_path):
    firefox = shutil.which("firefox-esr") or shutil.which("firefox")
    if firefox is None:
        pytest.skip("no Firefox")
    page = tmp_path / "digits.html"
    digits_model().export(page, train=True, page=digits_page())
    assert page.stat().st_size <= 200_000
    command = ["node", str(SCRIPT), page.as_uri(), firefox]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    shown = json.loads(done.stdout.splitlines()[-1])
    assert shown["state"] == "ready" and shown["form"] == "one-file" and shown["sent"] == "0"
    assert int(shown["held"].rstrip("%")) >= 97
    assert shown["errors"] == []
