"""Which nodes does a call of a file's own function stand for? Its body's, under names of their own.

In: a GraphDef's library. Out: `Raw` nodes whose inputs are names of tensors. Within a function, TensorFlow names an
output by the operator's argument, `node:indices:0`: `OUTPUTS` has those of operators with several.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from fanlight.importers.tensorflow.schema import dtype_name
from fanlight.importers.tensorflow.values import Bounds, joined, split

DEEPEST = 32  # functions that call functions
MOST_NODES = 100_000
CALLING = ("f", "cond", "body", "then_branch", "else_branch", "branches")  # attributes that name functions
CALLS = ("PartitionedCall", "StatefulPartitionedCall")
NORMALIZED = "y batch_mean batch_variance reserve_space_1 reserve_space_2 reserve_space_3"
SAMPLED = "sampled_candidates true_expected_count sampled_expected_count"
BLOCK = "i cs f o ci co h"
# Operators with several outputs, as TensorFlow's registry names them; `x*N` are as many as attribute N says, or as the
# list N has items.
OUTPUTS = {
    **dict.fromkeys(("FusedBatchNorm", "FusedBatchNormV2", "FusedBatchNormV3", "_FusedBatchNormEx"), NORMALIZED),
    **dict.fromkeys(("TopK", "TopKV2", "ApproxTopK"), "values indices"),
    **dict.fromkeys(("TopKUnique", "TopKWithUnique"), "topk topk_indices"),
    **dict.fromkeys(("Unique", "UniqueV2", "UniqueWithCounts", "UniqueWithCountsV2"), "y idx count"),
    **dict.fromkeys(("Switch", "RefSwitch"), "output_false output_true"),
    **dict.fromkeys(("Merge", "RefMerge"), "output value_index"),
    **dict.fromkeys(("BlockLSTM", "BlockLSTMV2", "LSTMBlockCell"), BLOCK),
    **dict.fromkeys(("TensorArrayConcat", "TensorArrayConcatV2", "TensorArrayConcatV3"), "value lengths"),
    **dict.fromkeys(("TensorListConcat", "TensorListConcatV2"), "tensor lengths"),
    **dict.fromkeys(("SelfAdjointEigV2", "BatchSelfAdjointEigV2", "Eig"), "e v"),
    **dict.fromkeys(("Svd", "BatchSvd"), "s u v"),
    **dict.fromkeys(("SoftmaxCrossEntropyWithLogits", "SparseSoftmaxCrossEntropyWithLogits"), "loss backprop"),
    **dict.fromkeys(("CTCLoss", "CTCLossV2"), "loss gradient"),
    **dict.fromkeys(("StringSplit", "StringSplitV2"), "indices values shape"),
    **dict.fromkeys(("FractionalAvgPool", "FractionalMaxPool"), "output row_pooling_sequence col_pooling_sequence"),
    **dict.fromkeys(("QuantizeV2", "Requantize", "QuantizeDownAndShrinkRange"), "output output_min output_max"),
    **dict.fromkeys(("LookupTableExport", "LookupTableExportV2"), "keys values"),
    **dict.fromkeys(("UniformCandidateSampler", "LogUniformCandidateSampler", "FixedUnigramCandidateSampler"), SAMPLED),
    **dict.fromkeys(("SampleDistortedBoundingBox", "SampleDistortedBoundingBoxV2"), "begin size bboxes"),
    "BroadcastGradientArgs": "r0 r1",
    "CombinedNonMaxSuppression": "nmsed_boxes nmsed_scores nmsed_classes valid_detections",
    "CTCBeamSearchDecoder": "decoded_indices*top_paths decoded_values*top_paths decoded_shape*top_paths "
    "log_probability",
    "CTCGreedyDecoder": "decoded_indices decoded_values decoded_shape log_probability",
    "CudnnRNN": "output output_h output_c reserve_space",
    "CudnnRNNV2": "output output_h output_c reserve_space host_reserved",
    "CudnnRNNV3": "output output_h output_c reserve_space host_reserved",
    "DecodeWav": "audio sample_rate",
    "DenseToDenseSetOperation": "result_indices result_values result_shape",
    "GenerateBoundingBoxProposals": "rois roi_probabilities",
    "GRUBlockCell": "r u c h",
    "ListDiff": "out idx",
    "LogMatrixDeterminant": "sign log_abs_determinant",
    "Lu": "lu p",
    "MaxPoolWithArgmax": "output argmax",
    "NearestNeighbors": "nearest_center_indices nearest_center_distances",
    "NonMaxSuppressionV4": "selected_indices valid_outputs",
    "NonMaxSuppressionV5": "selected_indices selected_scores valid_outputs",
    "ParseExample": "sparse_indices*Nsparse sparse_values*sparse_types sparse_shapes*Nsparse dense_values*Tdense",
    "ParseExampleV2": "sparse_indices*num_sparse sparse_values*sparse_types sparse_shapes*num_sparse "
    "dense_values*Tdense ragged_values*ragged_value_types ragged_row_splits*ragged_split_types",
    "Qr": "q r",
    "RaggedRange": "rt_nested_splits rt_dense_values",
    "SparseFillEmptyRows": "output_indices output_values empty_row_indicator reverse_index_map",
    "SparseReshape": "output_indices output_shape",
    "SparseSlice": "output_indices output_values output_shape",
    "StatelessRandomGetKeyCounter": "key counter",
    "StatelessRandomGetKeyCounterAlg": "key counter alg",
    "StatelessSampleDistortedBoundingBox": "begin size bboxes",
    "StringNGrams": "ngrams ngrams_splits",
    "TensorArrayV3": "handle flow",
    "TensorListPopBack": "output_handle tensor",
    "UnicodeDecode": "row_splits char_values",
    "UnicodeDecodeWithOffsets": "row_splits char_values char_to_byte_starts",
}  # fmt: skip


@dataclass
class Raw:
    """A node as the file has it, but for its inputs: names of tensors of the whole graph, none of control.

    `scope` are attributes of the function around it, `local` is its name there, `depth` how many functions are."""

    name: str
    op: str
    inputs: list[str]
    attr: Any
    local: str = ""
    depth: int = 0
    scope: Mapping[str, Any] = field(default_factory=dict)
    after: tuple[str, ...] = ()  # nodes that run before it, though it reads nothing of them


@dataclass
class Body:
    """What a call becomes: nodes, and for each output of the function the tensor that it is."""

    nodes: list[Raw]
    results: list[str]


class Library:
    """The functions of one file. Raises ModelFormatError where calls are too deep, or become too many nodes, before any
    is written out."""

    def __init__(self, graph: Any, bounds: Bounds):
        self.bounds = bounds
        self.functions: dict[str, Any] = {}
        for each in graph.library.function:
            if each.signature.name in self.functions:
                raise bounds.error("each function once", repr(each.signature.name))
            self.functions[each.signature.name] = each
        self.sizes: dict[str, int] = {}
        if (size := self.size(graph.node, 0)) > MOST_NODES:
            raise bounds.error(f"at most {MOST_NODES} nodes", size)

    def size(self, nodes: Iterable[Any], depth: int) -> int:
        """How many nodes these are when every call is written out."""
        if depth > DEEPEST:
            raise self.bounds.error(f"functions at most {DEEPEST} deep", "more")
        total = 0
        for each in nodes:
            total += 1
            for name in [each.op, *(name for key in CALLING if key in each.attr for name in names_in(each.attr[key]))]:
                if name in self.functions and name not in self.sizes:
                    self.sizes[name] = self.size(self.functions[name].node_def, depth + 1)
                total += self.sizes.get(name, 0)
        return total

    def called(self, raw: Raw) -> Any:
        """(the function that a node calls, its attributes), None where it calls none."""
        if raw.op in self.functions:
            return self.functions[raw.op], raw.attr
        if raw.op not in CALLS:
            return None
        reference = raw.attr["f"].func if "f" in raw.attr else None
        return self.named(reference.name if reference else "", raw.name), reference.attr if reference else {}

    def named(self, name: str, at: str) -> Any:
        if name not in self.functions:
            raise self.bounds.error("functions of the file's library", repr(name), f"node {at!r}")
        return self.functions[name]

    def raws(self, protos: Iterable[Any]) -> list[Raw]:
        """The outermost nodes."""
        return [
            Raw(each.name, each.op, data_inputs(each), each.attr, each.name,
                after=tuple(name[1:] for name in each.input if name.startswith("^")))
            for each in protos
        ]  # fmt: skip

    def body(self, function: Any, given: list[str], free: Callable[[str], str], depth: int, scope: Any) -> Body:
        """The nodes of a function whose arguments are these tensors, under names that `free` makes of theirs."""
        name = function.signature.name
        place = f"function {name!r}"
        arguments = [each.name for each in function.signature.input_arg]
        if len(arguments) != len(given):
            raise self.bounds.error(f"{len(arguments)} arguments", len(given), place)
        defaults = {**dict(function.attr), **dict(scope)}
        known = dict(zip(arguments, given, strict=True))
        inner = {each.name: each for each in function.node_def}
        if len(inner) != len(function.node_def):
            raise self.bounds.error("each name defined once", "one again", place)
        names = {local: free(local) for local in inner}

        def tensor(reference: str) -> str:
            node, *rest = reference.split(":")
            if node in known and node not in inner:
                return known[node]
            if node not in inner:
                raise self.bounds.error("names that the function defines", repr(reference), place)
            proto = inner[node]
            is_named = len(rest) == 2 or (len(rest) == 1 and not rest[0].isdecimal())
            number = rest[-1] if rest and rest[-1].isdecimal() else "0"
            if len(number) > 9:
                raise self.bounds.error("an output that there is", repr(reference), place)
            offset = self.offset(proto, rest[0], defaults, place) if is_named else 0
            return joined(names[node], offset + int(number))

        nodes = [
            Raw(names[each.name], each.op, [tensor(ref) for ref in data_inputs(each)], each.attr, each.name,
                depth, defaults)
            for each in function.node_def
        ]  # fmt: skip
        missing = [each.name for each in function.signature.output_arg if each.name not in function.ret]
        if missing:
            raise self.bounds.error("a tensor for each output", f"none for {missing[:4]}", place)
        return Body(nodes, [tensor(function.ret[each.name]) for each in function.signature.output_arg])

    def offset(self, node: Any, argument: str, scope: Mapping[str, Any], place: str) -> int:
        """The number of the first output that an argument of an operator names."""
        if node.op in self.functions:
            names = [each.name for each in self.functions[node.op].signature.output_arg]
        else:
            names = OUTPUTS.get(node.op, "").split()
        position = 0
        for each in names:
            name, _, many = each.partition("*")
            if name == argument:
                return position
            value = node.attr.get(many)
            if value is not None and value.WhichOneof("value") == "placeholder":
                value = scope.get(value.placeholder)
            position += 1 if not many else 0 if value is None else max(value.i, len(value.list.type))
        if names:
            raise self.bounds.error(f"an output of {node.op}: {' '.join(names)}", repr(argument), place)
        return 0


def functions_of(value: Any) -> list[Any]:
    """The functions that an attribute names."""
    return [value.func] if value.WhichOneof("value") == "func" else list(value.list.func)


def names_in(value: Any) -> list[str]:
    """Their names."""
    return [each.name for each in functions_of(value)]


def data_inputs(proto: Any) -> list[str]:
    """The names of tensors that a node reads; `^node` merely says that it runs later."""
    return [each for each in proto.input if not each.startswith("^")]


def canonical(name: str) -> str:
    """The one name of a tensor: `node:0` is `node`."""
    return joined(*split(name))


def is_resource(argument: Any) -> bool:
    return dtype_name(argument.type) == "resource"
