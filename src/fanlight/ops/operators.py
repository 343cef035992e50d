"""How is arithmetic with tensors written? As in NumPy: operators, methods, and NumPy's own functions.

Each is the function of ops/functions.py of some name. In: a class that knows how to apply one. Knows no graph."""

from __future__ import annotations

from typing import Any

from fanlight.errors import DtypeError
from fanlight.ops import functions

BINARY = {
    **{"add": "add", "sub": "subtract", "mul": "multiply", "truediv": "divide", "floordiv": "floor_divide"},
    **{"mod": "mod", "pow": "power", "matmul": "matmul"},
    **{"and": "bitwise_and", "or": "bitwise_or", "xor": "bitwise_xor"},
    **{"lshift": "left_shift", "rshift": "right_shift"},
}
COMPARISONS = {
    **{"lt": "less", "le": "less_equal", "gt": "greater", "ge": "greater_equal"},
    **{"eq": "equal", "ne": "not_equal"},
}
UNARY = {"neg": "negative", "abs": "absolute", "invert": "bitwise_invert"}
METHODS = {
    name: name
    for name in (
        *("sum", "mean", "max", "min", "prod", "std", "var", "any", "all", "argmax", "argmin"),
        *("squeeze", "swapaxes", "ravel", "repeat", "take", "dot", "clip", "round"),
        *("argsort", "cumprod", "cumsum", "searchsorted"),
        *("conj", "conjugate", "copy", "diagonal", "trace", "view"),
    )
} | {"flatten": "ravel", "astype": "cast"}

# Names by which NumPy calls its functions, where Fanlight's differ.
NUMPY = {
    **{"remainder": "mod", "invert": "bitwise_invert", "amax": "max", "amin": "min", "astype": "cast"},
    **{"degrees": "rad2deg", "radians": "deg2rad", "rint": "round", "fix": "trunc", "concat": "concatenate"},
    **{"acos": "arccos", "acosh": "arccosh", "asin": "arcsin", "asinh": "arcsinh", "atan": "arctan"},
    **{"atan2": "arctan2", "atanh": "arctanh", "pow": "power", "permute_dims": "transpose"},
}
ARRAYS = ("Value", "Operand", "Operand | None")  # annotations of parameters of these functions that take arrays
NOT_NUMPYS = {"gradient", "dilate", "nonzero", "put_along_axis", "unique"}  # names that mean something else there
# What looks at the content and gives no array to go on computing with.
LOOKS = {
    "allclose",
    "array_equal",
    "array_repr",
    "array_str",
    "array2string",
    "ndim",
    "shape",
    "size",
    "save",
    "savetxt",
}


class Operators:
    """NumPy's way of writing, for a class whose `apply` knows the functions by name."""

    __slots__ = ()

    def apply(self, name: str, *args: Any, **kwargs: Any) -> Any:
        """The function `name` of ops/functions.py, applied."""
        raise NotImplementedError(f"{type(self).__name__} has no apply")

    def numpy(self) -> Any:
        """The content."""
        raise NotImplementedError(f"{type(self).__name__} has no numpy")

    @property
    def T(self) -> Any:
        return self.apply("transpose", self)

    def transpose(self, *axes: Any) -> Any:
        return self.apply("transpose", self, *_one(axes))

    def reshape(self, *shape: Any) -> Any:
        return self.apply("reshape", self, *_one(shape))

    def __getitem__(self, key: Any) -> Any:
        return self.apply("getitem", self, key)

    def item(self) -> Any:
        return self.numpy().item()

    def tolist(self) -> Any:
        return self.numpy().tolist()

    def __float__(self) -> float:
        return float(self.numpy())

    def __int__(self) -> int:
        return int(self.numpy())

    def __bool__(self) -> bool:
        return bool(self.numpy())

    def __format__(self, spec: str) -> str:
        return format(self.numpy()[()], spec) if spec else str(self)

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        """`np.tanh(tensor)`, `array + tensor`."""
        if method != "__call__" or kwargs:
            raise _unknown(f"{ufunc.__name__} with {method if method != '__call__' else ', '.join(kwargs)}")
        return self._numpys(ufunc.__name__, inputs, {})

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        """`np.mean(tensor)`, `np.concatenate([tensor, array])`."""
        if function.__name__ in LOOKS:
            return function(*_contents(args), **_contents(kwargs))
        return self._numpys(function.__name__, args, kwargs)

    def _numpys(self, numpys: str, args: Any, kwargs: Any) -> Any:
        name = NUMPY.get(numpys, numpys)
        if name not in functions.__all__ or name in NOT_NUMPYS:
            raise _unknown(numpys)
        return self.apply(name, *args, **kwargs)


def _one(numbers: tuple[Any, ...]) -> tuple[Any, ...]:
    """`(3, 2)` for a function of one argument: `(2, 3)` and `((2, 3),)` both stand for the shape (2, 3)."""
    return (numbers,) if len(numbers) > 1 else numbers


def _contents(tree: Any) -> Any:
    if isinstance(tree, dict):
        return {key: _contents(item) for key, item in tree.items()}
    if isinstance(tree, (list, tuple)):
        return type(tree)(_contents(item) for item in tree)
    return tree.numpy() if isinstance(tree, Operators) else tree


def _unknown(what: str) -> DtypeError:
    # Converting in silence would cut the result off from its gradient.
    do = "write x.numpy() for a tensor's content, which has no gradient"
    return DtypeError(f"np.{what}", expected="a function that is in fanlight too", got="a tensor", do=do)


def _operator(name: str, reflected: bool = False) -> Any:
    if reflected:
        return lambda self, other: self.apply(name, other, self)
    return lambda self, *args, **kwargs: self.apply(name, self, *args, **kwargs)


for _python, _name in BINARY.items():
    setattr(Operators, f"__{_python}__", _operator(_name))
    setattr(Operators, f"__r{_python}__", _operator(_name, reflected=True))
for _python, _name in (COMPARISONS | UNARY).items():
    setattr(Operators, f"__{_python}__", _operator(_name))
for _python, _name in METHODS.items():
    setattr(Operators, _python, _operator(_name))
