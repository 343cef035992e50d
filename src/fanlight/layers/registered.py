"""Which layer is meant by a name in a file? One of Fanlight's, or one of a user's that `fl.register` made known.

In: a name, `Dense` or `Mine>Scale`. Out: a class. Knows no file; nothing in a file is ever executed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar, overload

from fanlight.errors import UnknownNameError, UnsupportedOp

if TYPE_CHECKING:
    from fanlight.layers.base import Layer

PACKAGE = "Custom"  # Keras's, where none is given
REGISTERED: dict[str, type[Layer]] = {}  # "package>name" -> class
BUILT_IN: dict[str, type[Layer]] = {}  # classes that importers add; no user builds with them

Class = TypeVar("Class", bound=type)


@overload
def register(package: Class) -> Class: ...
@overload
def register(package: str = PACKAGE, name: str | None = None) -> Callable[[Class], Class]: ...
def register(package: Any = PACKAGE, name: str | None = None) -> Any:
    """Makes a layer of your own known by name, so that `fl.load` finds it in bundles and in Keras files, which call it
    "package>name" as `keras.saving.register_keras_serializable` does. A decorator, with or without arguments.

    >>> @fl.register(package="Mine")
    ... class Scale(fl.layers.Layer): ...
    """

    def add(kind: Class) -> Class:
        from fanlight.layers.own import Layer

        own: Any = kind
        if not (isinstance(own, type) and issubclass(own, Layer)):
            raise UnknownNameError("register", expected="a subclass of fl.layers.Layer", got=repr(own))
        own.registered_name = f"{PACKAGE if isinstance(package, type) else package}>{name or own.__name__}"
        REGISTERED[own.registered_name] = own
        return kind

    return add(package) if isinstance(package, type) else add


def class_name(layer: Layer) -> str:
    """What a record calls the class of a layer: `Dense`, `Mine>Scale`; `Custom>Scale` for one that has no package."""
    from fanlight.layers.own import Layer

    kind = type(layer)
    if not isinstance(layer, Layer):
        return kind.__name__
    return kind.__dict__.get("registered_name", f"{PACKAGE}>{kind.__name__}")


def known_class(name: Any) -> type[Layer] | None:
    """The class of that name."""
    from fanlight.layers import LAYERS, Network

    return Network if name == "Network" else LAYERS.get(name) or REGISTERED.get(name) or BUILT_IN.get(name)


def registered_class(entry: Mapping[str, Any]) -> str | None:
    """The registered name of the class that an entry of a Keras file means, where it is a registered one. Where the
    file says no package, the class name must be enough."""
    for said in (entry.get("registered_name"), entry["class_name"]):
        if said in REGISTERED:
            return str(said)
    if ">" in f"{entry['class_name']}{entry.get('registered_name')}" or "keras." in f"{entry.get('module')}.":
        return None
    same = [name for name in REGISTERED if name.partition(">")[2] == entry["class_name"]]
    return same[0] if len(same) == 1 else None


def class_named(name: Any, where: str) -> type[Layer]:
    """The class of that name; raises UnsupportedOp where there is none."""
    check_known([name], where)
    kind = known_class(name)
    assert kind is not None
    return kind


def check_known(names: Iterable[Any], where: str) -> None:
    """Raises UnsupportedOp with all names that no class has."""
    if unknown := list(dict.fromkeys(str(name) for name in names if known_class(name) is None)):
        expected, do = "layers that Fanlight has", "decorate classes of your own with @fl.register before you load"
        raise UnsupportedOp(where, expected=expected, got=", ".join(unknown), do=do)
