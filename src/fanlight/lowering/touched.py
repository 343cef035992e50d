"""Which kernels touch a buffer, and which one writes it first? Kept while kernels are added, changed and renamed."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from fanlight.ir.kernel import Step


class Touched:
    """Kernels in order, with where each buffer is touched and written: a look-up instead of a walk over all."""

    def __init__(self, kernels: Iterable[Step]):
        self.kernels: list[Step] = []
        self._touching: dict[str, dict[int, None]] = {}  # numbers in order
        self._writer: dict[str, int] = {}
        for kernel in kernels:
            self.append(kernel)

    def append(self, kernel: Step) -> None:
        self.kernels.append(kernel)
        self._note(len(self.kernels) - 1)

    def _note(self, at: int) -> None:
        for buffer in self.kernels[at].touched:
            self._touching.setdefault(buffer, {})[at] = None
        for buffer in self.kernels[at].written:
            self._writer.setdefault(buffer, at)

    def writer(self, buffer: str) -> Step | None:
        """The first kernel that writes a buffer."""
        return self.kernels[self._writer[buffer]] if buffer in self._writer else None

    def replace_writer(self, buffer: str, kernel: Step) -> None:
        """Another kernel in the place of that one; it touches all that the other does."""
        self._put(self._writer[buffer], kernel)

    def _put(self, at: int, kernel: Step) -> None:
        self.kernels[at] = kernel
        self._note(at)

    def rename(self, old: str, new: str, renamed: Callable[[Step, dict[str, str]], Step]) -> None:
        """Gives a buffer another name everywhere; `renamed` does it for one kernel."""
        self._writer.pop(old, None)
        for at in self._touching.pop(old, {}):
            self._put(at, renamed(self.kernels[at], {old: new}))
