"""How is a browser started and surely ended? In a process group of its own, with a home folder of its own.

In: a command, in which {home} stands for that folder. Out: its process and what it printed."""

from __future__ import annotations

import atexit
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from fanlight.errors import BrowserError

LOG = "log.txt"


class Process:
    """A program and all that it starts. They end with `kill`, or when this process ends, however it does."""

    def __init__(
        self, command: list[str], environment: Mapping[str, str] | None = None, files: Mapping[str, str] | None = None
    ) -> None:
        self.name = Path(command[0]).name
        self.home = Path(tempfile.mkdtemp(prefix="fanlight-browser-"))
        for name, text in (files or {}).items():
            (self.home / name).parent.mkdir(parents=True, exist_ok=True)
            (self.home / name).write_text(text)
        command = [part.replace("{home}", str(self.home)) for part in command]
        if shutil.which("setpriv"):
            command = ["setpriv", "--pdeathsig", "KILL", *command]
        with (self.home / LOG).open("wb") as log:
            self.popen = subprocess.Popen(
                command,
                env={**os.environ, "HOME": str(self.home), **(environment or {})},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        atexit.register(self.kill)

    @property
    def log(self) -> str:
        return (self.home / LOG).read_text(errors="replace")

    @property
    def is_running(self) -> bool:
        return self.popen.poll() is None

    def wait_for(self, pattern: str, seconds: float) -> str:
        """The first group of a pattern, once it was printed."""
        end = time.monotonic() + seconds
        while not (found := re.search(pattern, self.log)):
            if time.monotonic() > end or not self.is_running:
                got = f"{'nothing' if self.is_running else 'its end'}: {self.log[-500:]}"
                raise BrowserError(self.name, expected=f"{pattern} in {seconds:.0f} seconds", got=got)
            time.sleep(0.02)
        return found[1]

    def kill(self) -> None:
        """Ends the whole group at once; a second time does nothing."""
        atexit.unregister(self.kill)
        if self.home.exists():
            with suppress(ProcessLookupError):
                os.killpg(self.popen.pid, signal.SIGKILL)
            self.popen.wait()
            shutil.rmtree(self.home, ignore_errors=True)
