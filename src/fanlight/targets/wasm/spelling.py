"""How is each row of SCALARS written in WebAssembly? Tables: one element on the stack, and four elements in a v128.

In: a row and the dtype of its operands. Out: instructions, operands already pushed. Integers of one or two bytes are
kept in 32 bits, extended by zeros or by their sign; a bool is 0 or 1, and a lane of a bool vector is all ones or all
zeros. Knows no locals."""

from __future__ import annotations

from typing import NamedTuple

from fanlight.ir.target import Target
from fanlight.targets.wasm.opcodes import ValueType

# The WebAssembly type that holds one element.
VALUE_TYPES: dict[str, ValueType] = {
    "float32": "f32",
    "int32": "i32",
    "uint32": "i32",
    "int64": "i64",
    "uint8": "i32",
    "int8": "i32",
    "int16": "i32",
    "bool": "i32",
}

# How one element, and four neighbours, come from and go to memory.
LOADS = {"float32": "f32.load", "int32": "i32.load", "uint32": "i32.load", "int64": "i64.load"}
LOADS |= {"uint8": "i32.load8_u", "int8": "i32.load8_s", "int16": "i32.load16_s", "bool": "i32.load8_u"}
STORES = {"float32": "f32.store", "int32": "i32.store", "uint32": "i32.store", "int64": "i64.store"}
STORES |= {"uint8": "i32.store8", "int8": "i32.store8", "int16": "i32.store16", "bool": "i32.store8"}
SPLATS = dict.fromkeys(VALUE_TYPES, "i32x4.splat") | {"float32": "f32x4.splat"}


class Spelling(NamedTuple):
    """Instructions separated by semicolons, with immediates; empty: the bits stay; None: there is no such form."""

    scalar: str | None
    vector: str | None


_INTEGERS = "int32 uint32 int64 uint8 int8"
# Bytes need more: the count of a shift is taken modulo 8, what may leave the eight bits wraps, and a float32 is moved
# into the range before it is converted (conversions see to an end at 0; `Nodes` moves four elements). The plural is for
# four elements.
_OF_BYTES = {
    "uint8": {
        "count": "i32.const 7; i32.and; ",
        "wrap": "; i32.const 255; i32.and",
        "wraps": "; i32.const 255; i32x4.splat; v128.and",
        "clamp": "f32.const 255; f32.min; ",
    },
    "int8": {
        "count": "i32.const 7; i32.and; ",
        "wrap": "; i32.extend8_s",
        "wraps": "; i32.const 24; i32x4.shl; i32.const 24; i32x4.shr_s",
        "clamp": "f32.const -128; f32.max; f32.const 127; f32.min; ",
    },
    "int16": {
        "count": "",
        "wrap": "; i32.extend16_s",
        "wraps": "; i32.const 16; i32x4.shl; i32.const 16; i32x4.shr_s",
        "clamp": "",
    },
}
_NOTHING = dict.fromkeys(_OF_BYTES["int8"], "")

# `t` is f32, i32 or i64; `v` is f32x4 or i32x4; `s` is _s or _u for integers. A dash: `Nodes` needs locals there.
#   row         | dtypes                              | one element                    | four elements
_ROWS = """
    neg         | float32                             | f32.neg                        | f32x4.neg
    neg         | int32 uint32 uint8 int8             | i32.const -1; i32.mul{wrap}    | i32x4.neg{wraps}
    neg         | int64                               | i64.const -1; i64.mul          | -
    abs         | float32                             | f32.abs                        | f32x4.abs
    abs         | int32 int64 int8                    | -                              | i32x4.abs{wraps}
    abs         | uint32 uint8                        |                                |
    sqrt        | float32                             | f32.sqrt                       | f32x4.sqrt
    floor       | float32                             | f32.floor                      | f32x4.floor
    ceil        | float32                             | f32.ceil                       | f32x4.ceil
    trunc       | float32                             | f32.trunc                      | f32x4.trunc
    nearest     | float32                             | f32.nearest                    | f32x4.nearest
    add         | float32 integers                    | {t}.add{wrap}                  | {v}.add{wraps}
    sub         | float32 integers                    | {t}.sub{wrap}                  | {v}.sub{wraps}
    mul         | float32 integers                    | {t}.mul{wrap}                  | {v}.mul{wraps}
    div         | float32                             | f32.div                        | f32x4.div
    quotient    | int32 uint32 int64 uint8            | {t}.div{s}                     | -
    quotient    | int8                                | i32.div_s{wrap}                | -
    remainder   | integers                            | {t}.rem{s}                     | -
    min         | float32                             | f32.min                        | f32x4.min
    max         | float32                             | f32.max                        | f32x4.max
    min         | integers                            | -                              | i32x4.min{s}
    max         | integers                            | -                              | i32x4.max{s}
    and         | integers bool                       | {t}.and                        | v128.and
    or          | integers bool                       | {t}.or                         | v128.or
    xor         | integers bool                       | {t}.xor                        | v128.xor
    not         | bool                                | i32.eqz                        | v128.not
    shift_left  | integers                            | {count}{t}.shl{wrap}           | {count}i32x4.shl{wraps}
    shift_right | integers                            | {count}{t}.shr{s}              | {count}i32x4.shr{s}
    eq          | float32 integers bool               | {t}.eq                         | {v}.eq
    ne          | float32 integers bool               | {t}.ne                         | {v}.ne
    lt          | float32 integers                    | {t}.lt{s}                      | {v}.lt{s}
    le          | float32 integers                    | {t}.le{s}                      | {v}.le{s}
    gt          | float32 integers                    | {t}.gt{s}                      | {v}.gt{s}
    ge          | float32 integers                    | {t}.ge{s}                      | {v}.ge{s}
    select      | float32 integers bool               | select                         | v128.bitselect
"""

#   from        | to            | one element                              | four elements
_CASTS = """
    float32     | int32         | i32.trunc_sat_f32_s                      | i32x4.trunc_sat_f32x4_s
    float32     | uint32        | i32.trunc_sat_f32_u                      | i32x4.trunc_sat_f32x4_u
    float32     | int64         | i64.trunc_sat_f32_s                      | -
    float32     | uint8         | {clamp}i32.trunc_sat_f32_u               | i32x4.trunc_sat_f32x4_s
    float32     | int8          | {clamp}i32.trunc_sat_f32_s               | i32x4.trunc_sat_f32x4_s
    int32       | float32       | f32.convert_i32_s                        | f32x4.convert_i32x4_s
    uint32      | float32       | f32.convert_i32_u                        | f32x4.convert_i32x4_u
    uint8       | float32       | f32.convert_i32_s                        | f32x4.convert_i32x4_s
    int8        | float32       | f32.convert_i32_s                        | f32x4.convert_i32x4_s
    int64       | float32       | f32.convert_i64_s                        | -
    int32       | int64         | i64.extend_i32_s                         | -
    uint32      | int64         | i64.extend_i32_u                         | -
    uint8       | int64         | i64.extend_i32_u                         | -
    int8        | int64         | i64.extend_i32_s                         | -
    bool        | int64         | i64.extend_i32_u                         | -
    int64       | int32         | i32.wrap_i64                             | -
    int64       | uint32        | i32.wrap_i64                             | -
    int64       | uint8         | i32.wrap_i64{wrap}                       | -
    int64       | int8          | i32.wrap_i64{wrap}                       | -
    int32       | uint32        |                                          |
    uint32      | int32         |                                          |
    uint8       | int32         |                                          |
    uint8       | uint32        |                                          |
    int8        | int32         |                                          |
    int8        | uint32        |                                          |
    int32       | uint8         | {wrap}                                   | {wraps}
    uint32      | uint8         | {wrap}                                   | {wraps}
    int8        | uint8         | {wrap}                                   | {wraps}
    int32       | int8          | {wrap}                                   | {wraps}
    uint32      | int8          | {wrap}                                   | {wraps}
    uint8       | int8          | {wrap}                                   | {wraps}
    int16       | int32         |                                          |
    int32       | int16         | {wrap}                                   | {wraps}
    bool        | float32       | f32.convert_i32_u                        | f32.const 1; f32x4.splat; v128.and
    bool        | int32         |                                          | i32x4.neg
    bool        | uint32        |                                          | i32x4.neg
    bool        | uint8         |                                          | i32x4.neg
    bool        | int8          |                                          | i32x4.neg
"""


def _read(text: str) -> list[list[str]]:
    return [[cell.strip() for cell in line.split("|")] for line in text.strip().splitlines()]


def _form(text: str, dtype: str) -> str | None:
    is_float = dtype == "float32"
    sign = "" if is_float else "_s" if dtype.startswith("int") else "_u"
    types = {"t": VALUE_TYPES[dtype], "v": "f32x4" if is_float else "i32x4", "s": sign}
    filled = text.format(**types, **_OF_BYTES.get(dtype, _NOTHING)).removeprefix("; ")
    return None if filled == "-" else filled


SPELLINGS: dict[tuple[str, str], Spelling] = {
    (row, dtype): Spelling(_form(scalar, dtype), None if dtype == "int64" else _form(vector, dtype))
    for row, dtypes, scalar, vector in _read(_ROWS.replace("integers", _INTEGERS))
    for dtype in dtypes.split()
}
CASTS: dict[tuple[str, str], Spelling] = {
    (source, dtype): Spelling(_form(scalar, dtype), _form(vector, dtype))
    for source, dtype, scalar, vector in _read(_CASTS)
}
# Where both dtypes are integers the bits stay; a vector register has no type at all.
BITCASTS: dict[tuple[str, str], Spelling] = {
    (source, dtype): Spelling(
        "i32.reinterpret_f32" if source == "float32" else "f32.reinterpret_i32" if dtype == "float32" else "", ""
    )
    for source in ("float32", "int32", "uint32")
    for dtype in ("float32", "int32", "uint32")
}

_SPELLED = frozenset({row for row, _ in SPELLINGS} | {"guard", "cast", "bitcast"})

PORTABLE = Target("wasm", "portable", _SPELLED, lanes=4, fused=False, tile=(4, 8))
RELAXED = Target("wasm", "relaxed", _SPELLED, lanes=4, fused=True, tile=(5, 8))
