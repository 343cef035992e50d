"""Which bytes encode each WebAssembly instruction, which immediates follow, and what it does to the operand stack.

In: the tables below, after section 5.4 of the WebAssembly 3.0 specification and the threads proposal.
Out: INSTRUCTIONS by name. It does not know modules, locals or labels, and writes no immediates.
"""

from typing import Literal, NamedTuple, cast

ValueType = Literal["i32", "i64", "f32", "f64", "v128"]


class Instruction(NamedTuple):
    """One instruction. `parameters` is None where the types depend on context (locals, calls, branches)."""

    name: str
    code: bytes
    immediates: tuple[str, ...]
    parameters: tuple[ValueType, ...] | None
    results: tuple[ValueType, ...]


# A row: first opcode (+ step), hexadecimal | operand -> result types, `*` if context decides | immediates | names.
# The opcodes of a row's names are one step apart, 1 where none is given. Immediates:
#   00             a fixed zero byte (memory index, or reserved)
#   i32 ... v128   a constant of that type
#   index          the number of a local, global, function, type, table or label
#   labels         label depths, the default last
#   lane N         a lane below N
#   shuffle        sixteen lanes below 32
#   memory N       alignment (naturally N bytes) and offset
#   structured     written by Function.block, loop, if_ and else_ alone, which count the open labels
PLAIN = """
00    | *                      |            | unreachable
01    | ->                     |            | nop
02    | *                      | structured | block loop if else
0b    | *                      | structured | end
0c    | *                      | index      | br br_if
0e    | *                      | labels     | br_table
0f    | *                      |            | return
10    | *                      | index      | call
11    | *                      | index index | call_indirect
1a    | *                      |            | drop select
20    | *                      | index      | local.get local.set local.tee global.get global.set
28    | i32 -> i32             | memory 4   | i32.load
29    | i32 -> i64             | memory 8   | i64.load
2a    | i32 -> f32             | memory 4   | f32.load
2b    | i32 -> f64             | memory 8   | f64.load
2c    | i32 -> i32             | memory 1   | i32.load8_s i32.load8_u
2e    | i32 -> i32             | memory 2   | i32.load16_s i32.load16_u
30    | i32 -> i64             | memory 1   | i64.load8_s i64.load8_u
32    | i32 -> i64             | memory 2   | i64.load16_s i64.load16_u
34    | i32 -> i64             | memory 4   | i64.load32_s i64.load32_u
36    | i32 i32 ->             | memory 4   | i32.store
37    | i32 i64 ->             | memory 8   | i64.store
38    | i32 f32 ->             | memory 4   | f32.store
39    | i32 f64 ->             | memory 8   | f64.store
3a    | i32 i32 ->             | memory 1   | i32.store8
3b    | i32 i32 ->             | memory 2   | i32.store16
3c    | i32 i64 ->             | memory 1   | i64.store8
3d    | i32 i64 ->             | memory 2   | i64.store16
3e    | i32 i64 ->             | memory 4   | i64.store32
3f    | -> i32                 | 00         | memory.size
40    | i32 -> i32             | 00         | memory.grow
41    | -> i32                 | i32        | i32.const
42    | -> i64                 | i64        | i64.const
43    | -> f32                 | f32        | f32.const
44    | -> f64                 | f64        | f64.const
45    | i32 -> i32             |            | i32.eqz
46    | i32 i32 -> i32         |            | i32.eq i32.ne i32.lt_s i32.lt_u i32.gt_s i32.gt_u
4c    | i32 i32 -> i32         |            | i32.le_s i32.le_u i32.ge_s i32.ge_u
50    | i64 -> i32             |            | i64.eqz
51    | i64 i64 -> i32         |            | i64.eq i64.ne i64.lt_s i64.lt_u i64.gt_s i64.gt_u
57    | i64 i64 -> i32         |            | i64.le_s i64.le_u i64.ge_s i64.ge_u
5b    | f32 f32 -> i32         |            | f32.eq f32.ne f32.lt f32.gt f32.le f32.ge
61    | f64 f64 -> i32         |            | f64.eq f64.ne f64.lt f64.gt f64.le f64.ge
67    | i32 -> i32             |            | i32.clz i32.ctz i32.popcnt
6a    | i32 i32 -> i32         |            | i32.add i32.sub i32.mul i32.div_s i32.div_u i32.rem_s i32.rem_u
71    | i32 i32 -> i32         |            | i32.and i32.or i32.xor i32.shl i32.shr_s i32.shr_u i32.rotl i32.rotr
79    | i64 -> i64             |            | i64.clz i64.ctz i64.popcnt
7c    | i64 i64 -> i64         |            | i64.add i64.sub i64.mul i64.div_s i64.div_u i64.rem_s i64.rem_u
83    | i64 i64 -> i64         |            | i64.and i64.or i64.xor i64.shl i64.shr_s i64.shr_u i64.rotl i64.rotr
8b    | f32 -> f32             |            | f32.abs f32.neg f32.ceil f32.floor f32.trunc f32.nearest f32.sqrt
92    | f32 f32 -> f32         |            | f32.add f32.sub f32.mul f32.div f32.min f32.max f32.copysign
99    | f64 -> f64             |            | f64.abs f64.neg f64.ceil f64.floor f64.trunc f64.nearest f64.sqrt
a0    | f64 f64 -> f64         |            | f64.add f64.sub f64.mul f64.div f64.min f64.max f64.copysign
a7    | i64 -> i32             |            | i32.wrap_i64
a8    | f32 -> i32             |            | i32.trunc_f32_s i32.trunc_f32_u
aa    | f64 -> i32             |            | i32.trunc_f64_s i32.trunc_f64_u
ac    | i32 -> i64             |            | i64.extend_i32_s i64.extend_i32_u
ae    | f32 -> i64             |            | i64.trunc_f32_s i64.trunc_f32_u
b0    | f64 -> i64             |            | i64.trunc_f64_s i64.trunc_f64_u
b2    | i32 -> f32             |            | f32.convert_i32_s f32.convert_i32_u
b4    | i64 -> f32             |            | f32.convert_i64_s f32.convert_i64_u
b6    | f64 -> f32             |            | f32.demote_f64
b7    | i32 -> f64             |            | f64.convert_i32_s f64.convert_i32_u
b9    | i64 -> f64             |            | f64.convert_i64_s f64.convert_i64_u
bb    | f32 -> f64             |            | f64.promote_f32
bc    | f32 -> i32             |            | i32.reinterpret_f32
bd    | f64 -> i64             |            | i64.reinterpret_f64
be    | i32 -> f32             |            | f32.reinterpret_i32
bf    | i64 -> f64             |            | f64.reinterpret_i64
c0    | i32 -> i32             |            | i32.extend8_s i32.extend16_s
c2    | i64 -> i64             |            | i64.extend8_s i64.extend16_s i64.extend32_s
"""

PREFIX_FC = """
00    | f32 -> i32             |            | i32.trunc_sat_f32_s i32.trunc_sat_f32_u
02    | f64 -> i32             |            | i32.trunc_sat_f64_s i32.trunc_sat_f64_u
04    | f32 -> i64             |            | i64.trunc_sat_f32_s i64.trunc_sat_f32_u
06    | f64 -> i64             |            | i64.trunc_sat_f64_s i64.trunc_sat_f64_u
0a    | i32 i32 i32 ->         | 00 00      | memory.copy
0b    | i32 i32 i32 ->         | 00         | memory.fill
"""

PREFIX_FD = """
00    | i32 -> v128            | memory 16  | v128.load
01    | i32 -> v128            | memory 8   | v128.load8x8_s v128.load8x8_u v128.load16x4_s v128.load16x4_u
05    | i32 -> v128            | memory 8   | v128.load32x2_s v128.load32x2_u
07    | i32 -> v128            | memory 1   | v128.load8_splat
08    | i32 -> v128            | memory 2   | v128.load16_splat
09    | i32 -> v128            | memory 4   | v128.load32_splat
0a    | i32 -> v128            | memory 8   | v128.load64_splat
0b    | i32 v128 ->            | memory 16  | v128.store
0c    | -> v128                | v128       | v128.const
0d    | v128 v128 -> v128      | shuffle    | i8x16.shuffle
0e    | v128 v128 -> v128      |            | i8x16.swizzle
0f    | i32 -> v128            |            | i8x16.splat i16x8.splat i32x4.splat
12    | i64 -> v128            |            | i64x2.splat
13    | f32 -> v128            |            | f32x4.splat
14    | f64 -> v128            |            | f64x2.splat
15    | v128 -> i32            | lane 16    | i8x16.extract_lane_s i8x16.extract_lane_u
17    | v128 i32 -> v128       | lane 16    | i8x16.replace_lane
18    | v128 -> i32            | lane 8     | i16x8.extract_lane_s i16x8.extract_lane_u
1a    | v128 i32 -> v128       | lane 8     | i16x8.replace_lane
1b    | v128 -> i32            | lane 4     | i32x4.extract_lane
1c    | v128 i32 -> v128       | lane 4     | i32x4.replace_lane
1d    | v128 -> i64            | lane 2     | i64x2.extract_lane
1e    | v128 i64 -> v128       | lane 2     | i64x2.replace_lane
1f    | v128 -> f32            | lane 4     | f32x4.extract_lane
20    | v128 f32 -> v128       | lane 4     | f32x4.replace_lane
21    | v128 -> f64            | lane 2     | f64x2.extract_lane
22    | v128 f64 -> v128       | lane 2     | f64x2.replace_lane
23    | v128 v128 -> v128      |            | i8x16.eq i8x16.ne i8x16.lt_s i8x16.lt_u i8x16.gt_s i8x16.gt_u
29    | v128 v128 -> v128      |            | i8x16.le_s i8x16.le_u i8x16.ge_s i8x16.ge_u
2d    | v128 v128 -> v128      |            | i16x8.eq i16x8.ne i16x8.lt_s i16x8.lt_u i16x8.gt_s i16x8.gt_u
33    | v128 v128 -> v128      |            | i16x8.le_s i16x8.le_u i16x8.ge_s i16x8.ge_u
37    | v128 v128 -> v128      |            | i32x4.eq i32x4.ne i32x4.lt_s i32x4.lt_u i32x4.gt_s i32x4.gt_u
3d    | v128 v128 -> v128      |            | i32x4.le_s i32x4.le_u i32x4.ge_s i32x4.ge_u
41    | v128 v128 -> v128      |            | f32x4.eq f32x4.ne f32x4.lt f32x4.gt f32x4.le f32x4.ge
47    | v128 v128 -> v128      |            | f64x2.eq f64x2.ne f64x2.lt f64x2.gt f64x2.le f64x2.ge
4d    | v128 -> v128           |            | v128.not
4e    | v128 v128 -> v128      |            | v128.and v128.andnot v128.or v128.xor
52    | v128 v128 v128 -> v128 |            | v128.bitselect
53    | v128 -> i32            |            | v128.any_true
54    | i32 v128 -> v128       | memory 1 lane 16 | v128.load8_lane
55    | i32 v128 -> v128       | memory 2 lane 8  | v128.load16_lane
56    | i32 v128 -> v128       | memory 4 lane 4  | v128.load32_lane
57    | i32 v128 -> v128       | memory 8 lane 2  | v128.load64_lane
58    | i32 v128 ->            | memory 1 lane 16 | v128.store8_lane
59    | i32 v128 ->            | memory 2 lane 8  | v128.store16_lane
5a    | i32 v128 ->            | memory 4 lane 4  | v128.store32_lane
5b    | i32 v128 ->            | memory 8 lane 2  | v128.store64_lane
5c    | i32 -> v128            | memory 4   | v128.load32_zero
5d    | i32 -> v128            | memory 8   | v128.load64_zero
5e    | v128 -> v128           |            | f32x4.demote_f64x2_zero f64x2.promote_low_f32x4
60    | v128 -> v128           |            | i8x16.abs i8x16.neg i8x16.popcnt
63+20 | v128 -> i32            |            | i8x16.all_true i16x8.all_true i32x4.all_true i64x2.all_true
64+20 | v128 -> i32            |            | i8x16.bitmask i16x8.bitmask i32x4.bitmask i64x2.bitmask
65    | v128 v128 -> v128      |            | i8x16.narrow_i16x8_s i8x16.narrow_i16x8_u
67    | v128 -> v128           |            | f32x4.ceil f32x4.floor f32x4.trunc f32x4.nearest
6b    | v128 i32 -> v128       |            | i8x16.shl i8x16.shr_s i8x16.shr_u
6e    | v128 v128 -> v128      |            | i8x16.add i8x16.add_sat_s i8x16.add_sat_u
71    | v128 v128 -> v128      |            | i8x16.sub i8x16.sub_sat_s i8x16.sub_sat_u
74    | v128 -> v128           |            | f64x2.ceil f64x2.floor
76    | v128 v128 -> v128      |            | i8x16.min_s i8x16.min_u i8x16.max_s i8x16.max_u
7a    | v128 -> v128           |            | f64x2.trunc
7b    | v128 v128 -> v128      |            | i8x16.avgr_u
7c    | v128 -> v128           |            | i16x8.extadd_pairwise_i8x16_s i16x8.extadd_pairwise_i8x16_u
7e    | v128 -> v128           |            | i32x4.extadd_pairwise_i16x8_s i32x4.extadd_pairwise_i16x8_u
80    | v128 -> v128           |            | i16x8.abs i16x8.neg
82    | v128 v128 -> v128      |            | i16x8.q15mulr_sat_s
85    | v128 v128 -> v128      |            | i16x8.narrow_i32x4_s i16x8.narrow_i32x4_u
87    | v128 -> v128           |            | i16x8.extend_low_i8x16_s i16x8.extend_high_i8x16_s
89    | v128 -> v128           |            | i16x8.extend_low_i8x16_u i16x8.extend_high_i8x16_u
8b    | v128 i32 -> v128       |            | i16x8.shl i16x8.shr_s i16x8.shr_u
8e    | v128 v128 -> v128      |            | i16x8.add i16x8.add_sat_s i16x8.add_sat_u
91    | v128 v128 -> v128      |            | i16x8.sub i16x8.sub_sat_s i16x8.sub_sat_u
94    | v128 -> v128           |            | f64x2.nearest
95    | v128 v128 -> v128      |            | i16x8.mul i16x8.min_s i16x8.min_u i16x8.max_s i16x8.max_u
9b    | v128 v128 -> v128      |            | i16x8.avgr_u
9c    | v128 v128 -> v128      |            | i16x8.extmul_low_i8x16_s i16x8.extmul_high_i8x16_s
9e    | v128 v128 -> v128      |            | i16x8.extmul_low_i8x16_u i16x8.extmul_high_i8x16_u
a0    | v128 -> v128           |            | i32x4.abs i32x4.neg
a7    | v128 -> v128           |            | i32x4.extend_low_i16x8_s i32x4.extend_high_i16x8_s
a9    | v128 -> v128           |            | i32x4.extend_low_i16x8_u i32x4.extend_high_i16x8_u
ab    | v128 i32 -> v128       |            | i32x4.shl i32x4.shr_s i32x4.shr_u
ae    | v128 v128 -> v128      |            | i32x4.add
b1    | v128 v128 -> v128      |            | i32x4.sub
b5    | v128 v128 -> v128      |            | i32x4.mul i32x4.min_s i32x4.min_u i32x4.max_s i32x4.max_u
ba    | v128 v128 -> v128      |            | i32x4.dot_i16x8_s
bc    | v128 v128 -> v128      |            | i32x4.extmul_low_i16x8_s i32x4.extmul_high_i16x8_s
be    | v128 v128 -> v128      |            | i32x4.extmul_low_i16x8_u i32x4.extmul_high_i16x8_u
c0    | v128 -> v128           |            | i64x2.abs i64x2.neg
c7    | v128 -> v128           |            | i64x2.extend_low_i32x4_s i64x2.extend_high_i32x4_s
c9    | v128 -> v128           |            | i64x2.extend_low_i32x4_u i64x2.extend_high_i32x4_u
cb    | v128 i32 -> v128       |            | i64x2.shl i64x2.shr_s i64x2.shr_u
ce    | v128 v128 -> v128      |            | i64x2.add
d1    | v128 v128 -> v128      |            | i64x2.sub
d5    | v128 v128 -> v128      |            | i64x2.mul i64x2.eq i64x2.ne i64x2.lt_s i64x2.gt_s i64x2.le_s i64x2.ge_s
dc    | v128 v128 -> v128      |            | i64x2.extmul_low_i32x4_s i64x2.extmul_high_i32x4_s
de    | v128 v128 -> v128      |            | i64x2.extmul_low_i32x4_u i64x2.extmul_high_i32x4_u
e0    | v128 -> v128           |            | f32x4.abs f32x4.neg
e3    | v128 -> v128           |            | f32x4.sqrt
e4    | v128 v128 -> v128      |            | f32x4.add f32x4.sub f32x4.mul f32x4.div
e8    | v128 v128 -> v128      |            | f32x4.min f32x4.max f32x4.pmin f32x4.pmax
ec    | v128 -> v128           |            | f64x2.abs f64x2.neg
ef    | v128 -> v128           |            | f64x2.sqrt
f0    | v128 v128 -> v128      |            | f64x2.add f64x2.sub f64x2.mul f64x2.div
f4    | v128 v128 -> v128      |            | f64x2.min f64x2.max f64x2.pmin f64x2.pmax
f8    | v128 -> v128           |            | i32x4.trunc_sat_f32x4_s i32x4.trunc_sat_f32x4_u
fa    | v128 -> v128           |            | f32x4.convert_i32x4_s f32x4.convert_i32x4_u
fc    | v128 -> v128           |            | i32x4.trunc_sat_f64x2_s_zero i32x4.trunc_sat_f64x2_u_zero
fe    | v128 -> v128           |            | f64x2.convert_low_i32x4_s f64x2.convert_low_i32x4_u
100   | v128 v128 -> v128      |            | i8x16.relaxed_swizzle
101   | v128 -> v128           |            | i32x4.relaxed_trunc_f32x4_s i32x4.relaxed_trunc_f32x4_u
103   | v128 -> v128           |            | i32x4.relaxed_trunc_f64x2_s_zero i32x4.relaxed_trunc_f64x2_u_zero
105   | v128 v128 v128 -> v128 |            | f32x4.relaxed_madd f32x4.relaxed_nmadd
107   | v128 v128 v128 -> v128 |            | f64x2.relaxed_madd f64x2.relaxed_nmadd
109   | v128 v128 v128 -> v128 |            | i8x16.relaxed_laneselect i16x8.relaxed_laneselect
10b   | v128 v128 v128 -> v128 |            | i32x4.relaxed_laneselect i64x2.relaxed_laneselect
10d   | v128 v128 -> v128      |            | f32x4.relaxed_min f32x4.relaxed_max f64x2.relaxed_min f64x2.relaxed_max
111   | v128 v128 -> v128      |            | i16x8.relaxed_q15mulr_s i16x8.relaxed_dot_i8x16_i7x16_s
113   | v128 v128 v128 -> v128 |            | i32x4.relaxed_dot_i8x16_i7x16_add_s
"""

PREFIX_FE = """
00    | i32 i32 -> i32         | memory 4   | memory.atomic.notify
01    | i32 i32 i64 -> i32     | memory 4   | memory.atomic.wait32
02    | i32 i64 i64 -> i32     | memory 8   | memory.atomic.wait64
03    | ->                     | 00         | atomic.fence
10    | i32 -> i32             | memory 4   | i32.atomic.load
11    | i32 -> i64             | memory 8   | i64.atomic.load
12    | i32 -> i32             | memory 1   | i32.atomic.load8_u
13    | i32 -> i32             | memory 2   | i32.atomic.load16_u
14    | i32 -> i64             | memory 1   | i64.atomic.load8_u
15    | i32 -> i64             | memory 2   | i64.atomic.load16_u
16    | i32 -> i64             | memory 4   | i64.atomic.load32_u
17    | i32 i32 ->             | memory 4   | i32.atomic.store
18    | i32 i64 ->             | memory 8   | i64.atomic.store
19    | i32 i32 ->             | memory 1   | i32.atomic.store8
1a    | i32 i32 ->             | memory 2   | i32.atomic.store16
1b    | i32 i64 ->             | memory 1   | i64.atomic.store8
1c    | i32 i64 ->             | memory 2   | i64.atomic.store16
1d    | i32 i64 ->             | memory 4   | i64.atomic.store32
1e+7  | i32 i32 -> i32         | memory 4   | i32.atomic.rmw.add i32.atomic.rmw.sub i32.atomic.rmw.and
33+7  | i32 i32 -> i32         | memory 4   | i32.atomic.rmw.or i32.atomic.rmw.xor i32.atomic.rmw.xchg
1f+7  | i32 i64 -> i64         | memory 8   | i64.atomic.rmw.add i64.atomic.rmw.sub i64.atomic.rmw.and
34+7  | i32 i64 -> i64         | memory 8   | i64.atomic.rmw.or i64.atomic.rmw.xor i64.atomic.rmw.xchg
20+7  | i32 i32 -> i32         | memory 1   | i32.atomic.rmw8.add_u i32.atomic.rmw8.sub_u i32.atomic.rmw8.and_u
35+7  | i32 i32 -> i32         | memory 1   | i32.atomic.rmw8.or_u i32.atomic.rmw8.xor_u i32.atomic.rmw8.xchg_u
21+7  | i32 i32 -> i32         | memory 2   | i32.atomic.rmw16.add_u i32.atomic.rmw16.sub_u i32.atomic.rmw16.and_u
36+7  | i32 i32 -> i32         | memory 2   | i32.atomic.rmw16.or_u i32.atomic.rmw16.xor_u i32.atomic.rmw16.xchg_u
22+7  | i32 i64 -> i64         | memory 1   | i64.atomic.rmw8.add_u i64.atomic.rmw8.sub_u i64.atomic.rmw8.and_u
37+7  | i32 i64 -> i64         | memory 1   | i64.atomic.rmw8.or_u i64.atomic.rmw8.xor_u i64.atomic.rmw8.xchg_u
23+7  | i32 i64 -> i64         | memory 2   | i64.atomic.rmw16.add_u i64.atomic.rmw16.sub_u i64.atomic.rmw16.and_u
38+7  | i32 i64 -> i64         | memory 2   | i64.atomic.rmw16.or_u i64.atomic.rmw16.xor_u i64.atomic.rmw16.xchg_u
24+7  | i32 i64 -> i64         | memory 4   | i64.atomic.rmw32.add_u i64.atomic.rmw32.sub_u i64.atomic.rmw32.and_u
39+7  | i32 i64 -> i64         | memory 4   | i64.atomic.rmw32.or_u i64.atomic.rmw32.xor_u i64.atomic.rmw32.xchg_u
48    | i32 i32 i32 -> i32     | memory 4   | i32.atomic.rmw.cmpxchg
49    | i32 i64 i64 -> i64     | memory 8   | i64.atomic.rmw.cmpxchg
4a    | i32 i32 i32 -> i32     | memory 1   | i32.atomic.rmw8.cmpxchg_u
4b    | i32 i32 i32 -> i32     | memory 2   | i32.atomic.rmw16.cmpxchg_u
4c    | i32 i64 i64 -> i64     | memory 1   | i64.atomic.rmw8.cmpxchg_u
4d    | i32 i64 i64 -> i64     | memory 2   | i64.atomic.rmw16.cmpxchg_u
4e    | i32 i64 i64 -> i64     | memory 4   | i64.atomic.rmw32.cmpxchg_u
"""


def _types(text: str) -> tuple[ValueType, ...]:
    return cast(tuple[ValueType, ...], tuple(text.split()))


def _read_table(prefix: int | None, table: str) -> dict[str, Instruction]:
    instructions: dict[str, Instruction] = {}
    for row in table.strip().splitlines():
        opcodes, signature, immediates, names = row.split("|")
        first, _, step = opcodes.strip().partition("+")
        parameters, _, results = signature.partition("->")
        fixed = bytes(0 for word in immediates.split() if word == "00")
        for position, name in enumerate(names.split()):
            number = int(first, 16) + position * int(step or "1", 16)
            # The number after a prefix is LEB128; none here needs more than two bytes.
            short = bytes((number,)) if number < 0x80 else bytes((number & 0x7F | 0x80, number >> 7))
            code = bytes((number,)) if prefix is None else bytes((prefix,)) + short
            instructions[name] = Instruction(
                name=name,
                code=code + fixed,
                immediates=tuple(word for word in immediates.split() if word != "00"),
                parameters=None if "*" in signature else _types(parameters),
                results=() if "*" in signature else _types(results),
            )
    return instructions


INSTRUCTIONS: dict[str, Instruction] = {
    **_read_table(None, PLAIN),
    **_read_table(0xFC, PREFIX_FC),
    **_read_table(0xFD, PREFIX_FD),
    **_read_table(0xFE, PREFIX_FE),
}
