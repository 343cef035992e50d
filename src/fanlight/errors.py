"""Every error that Fanlight raises on purpose, and the one way their messages are put together.

In: what was expected, what was received, where, and what to do. Out: exceptions that are also the fitting built-in
ones, so that `except ValueError` works as elsewhere. Knows no other part of Fanlight.
"""


def describe(
    what: str = "", *, expected: object = None, got: object = None, at: object = None, do: str | None = None
) -> str:
    """Return "what: expected ..., got ..., at ...; do"; a part that is None is left out.

    `what` names the subject, with its layer or file; `do` is what the reader can do next.

    >>> describe('Conv2D "stem"', expected="3 input channels", got=4, at="f32[batch, 32, 32, 4]", do="pass RGB images")
    'Conv2D "stem": expected 3 input channels, got 4, at f32[batch, 32, 32, 4]; pass RGB images'
    """
    named = (("expected", expected), ("got", got), ("at", at))
    facts = ", ".join(f"{name} {value}" for name, value in named if value is not None)
    message = ": ".join(part for part in (what, facts) if part)
    return "; ".join(part for part in (message, do) if part)


class FanlightError(Exception):
    """Any error that Fanlight raises on purpose; `message` is its one-line text, the rest are its parts."""

    def __init__(
        self, what: str = "", *, expected: object = None, got: object = None, at: object = None, do: str | None = None
    ) -> None:
        self.message = describe(what, expected=expected, got=got, at=at, do=do)
        self.expected, self.got, self.at, self.do = expected, got, at, do
        super().__init__(self.message)

    def __str__(self) -> str:
        return self.message  # KeyError would show its repr, OSError its errno


class ShapeError(FanlightError, ValueError):
    """Shapes do not fit together, or not the function that they are given to."""


class DtypeError(FanlightError, TypeError):
    """A dtype is unknown, or not one that the operation is defined for."""


class UnknownNameError(FanlightError, KeyError):
    """A name (input, output, state, dim, function, option) is not among those that exist."""


class UnknownLayerError(UnknownNameError):
    """A model has no layer of this name, or Fanlight no layer of this class."""


class UnsupportedOp(FanlightError, NotImplementedError):
    """A model uses operations that Fanlight lacks; all of them are named, with where they are."""


class ModelFormatError(FanlightError, ValueError):
    """A model file is broken, hostile, or not what its name says."""


class CompileError(FanlightError, RuntimeError):
    """A stage of the compiler received or produced something that breaks its rules."""


class MemoryLimitError(FanlightError, MemoryError):
    """A memory plan is above the limit; the text has the figure and the largest batch that fits."""


class NonFiniteLossError(FanlightError, ArithmeticError):
    """A training loss became NaN or infinite; the state is the one from before that step."""


class StorageError(FanlightError, OSError):
    """Something could not be written, read back or found in storage."""


class IntegrityError(FanlightError, ValueError):
    """The bytes of a file do not have the hash or length that the manifest states."""


class BrowserError(FanlightError, RuntimeError):
    """A browser is missing, could not be started, or reported an error."""


class ThreadError(FanlightError, RuntimeError):
    """A thread that took part in a call failed or never came back; the state may be half written."""
