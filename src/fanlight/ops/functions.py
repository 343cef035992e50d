"""What can be written with values? Every function of `fl.*`, from the file that defines it; and Python's operators.

Names are those of NumPy and keras.ops. Functions take values and Python numbers and give values. Each family's file
lists in its `__all__` what is public; a new family is named here twice, and never like a function.
"""

# ruff: noqa: F403, F405
from __future__ import annotations

from collections.abc import Sequence

from fanlight.ir.graph import OPERATORS, Gradient, Value, apply
from fanlight.ops import (
    activations,
    arrays,
    attention,
    bits,
    blocks,
    borders,
    choosing,
    complexes,
    control,
    convolution,
    ctc,
    cumulative,
    derivatives,
    diagonals,
    differences,
    distributions,
    eigen,
    elementary,
    equations,
    factorizations,
    fourier,
    indexing,
    joining,
    linear,
    nan_reductions,
    nn,
    normalization,
    norms,
    pointwise,
    pooling,
    predicates,
    products,
    quantiles,
    random,
    reductions,
    sampling,
    scattering,
    searching,
    segments,
    shapes,
    sorting,
    spacing,
    spectra,
    subscripts,
    summation,
    trigonometry,
    vectorizing,
    windows,
)
from fanlight.ops import image as image
from fanlight.ops.activations import *
from fanlight.ops.arrays import *
from fanlight.ops.attention import *
from fanlight.ops.bits import *
from fanlight.ops.blocks import *
from fanlight.ops.borders import *
from fanlight.ops.choosing import *
from fanlight.ops.complexes import *
from fanlight.ops.control import *
from fanlight.ops.convolution import *
from fanlight.ops.ctc import *
from fanlight.ops.cumulative import *
from fanlight.ops.derivatives import *
from fanlight.ops.diagonals import *
from fanlight.ops.differences import *
from fanlight.ops.distributions import *
from fanlight.ops.eigen import *
from fanlight.ops.elementary import *
from fanlight.ops.equations import *
from fanlight.ops.factorizations import *
from fanlight.ops.fourier import *
from fanlight.ops.indexing import *
from fanlight.ops.joining import *
from fanlight.ops.linear import *
from fanlight.ops.nan_reductions import *
from fanlight.ops.nn import *
from fanlight.ops.normalization import *
from fanlight.ops.norms import *
from fanlight.ops.pointwise import *
from fanlight.ops.pooling import *
from fanlight.ops.predicates import *
from fanlight.ops.products import *
from fanlight.ops.quantiles import *
from fanlight.ops.random import *
from fanlight.ops.reductions import *
from fanlight.ops.sampling import *
from fanlight.ops.scattering import *
from fanlight.ops.searching import *
from fanlight.ops.segments import *
from fanlight.ops.shapes import *
from fanlight.ops.sorting import *
from fanlight.ops.spacing import *
from fanlight.ops.spectra import *
from fanlight.ops.subscripts import *
from fanlight.ops.subscripts import getitem
from fanlight.ops.summation import *
from fanlight.ops.summation import contracted as contracted
from fanlight.ops.trigonometry import *
from fanlight.ops.vectorizing import *
from fanlight.ops.windows import *

__all__ = ["gradient"]
__all__ += pointwise.__all__
__all__ += elementary.__all__
__all__ += trigonometry.__all__
__all__ += complexes.__all__
__all__ += predicates.__all__
__all__ += reductions.__all__
__all__ += nan_reductions.__all__
__all__ += differences.__all__
__all__ += bits.__all__
__all__ += shapes.__all__
__all__ += spacing.__all__
__all__ += joining.__all__
__all__ += diagonals.__all__
__all__ += arrays.__all__
__all__ += borders.__all__
__all__ += indexing.__all__
__all__ += subscripts.__all__
__all__ += choosing.__all__
__all__ += scattering.__all__
__all__ += segments.__all__
__all__ += cumulative.__all__
__all__ += sorting.__all__
__all__ += searching.__all__
__all__ += quantiles.__all__
__all__ += linear.__all__
__all__ += products.__all__
__all__ += norms.__all__
__all__ += summation.__all__
__all__ += convolution.__all__
__all__ += blocks.__all__
__all__ += fourier.__all__
__all__ += spectra.__all__
__all__ += pooling.__all__
__all__ += nn.__all__
__all__ += activations.__all__
__all__ += normalization.__all__
__all__ += ctc.__all__
__all__ += attention.__all__
__all__ += random.__all__
__all__ += windows.__all__
__all__ += distributions.__all__
__all__ += sampling.__all__
__all__ += derivatives.__all__
__all__ += vectorizing.__all__
__all__ += control.__all__
__all__ += factorizations.__all__
__all__ += equations.__all__
__all__ += eigen.__all__


def gradient(of: Value, wrt: Value | Sequence[Value]) -> Value | list[Value]:
    """The gradient of a scalar with respect to one value, or a list for several; `passes.differentiate` expands it."""
    if isinstance(wrt, Value):
        return apply(Gradient(), of, wrt)
    return [apply(Gradient(), of, each) for each in wrt]


OPERATORS.update(
    {
        "add": add,
        "subtract": subtract,
        "multiply": multiply,
        "divide": divide,
        "floor_divide": floor_divide,
        "mod": mod,
        "power": power,
        "matmul": matmul,
        "negative": negative,
        "less": less,
        "less_equal": less_equal,
        "greater": greater,
        "greater_equal": greater_equal,
        "absolute": absolute,
        "bitwise_and": bitwise_and,
        "bitwise_or": bitwise_or,
        "bitwise_xor": bitwise_xor,
        "bitwise_invert": bitwise_invert,
        "left_shift": left_shift,
        "right_shift": right_shift,
        "getitem": getitem,
    }
)
