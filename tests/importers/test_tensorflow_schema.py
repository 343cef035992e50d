"""Are the messages that Fanlight reads those of TensorFlow? Every field of the table against TensorFlow's own."""

from importlib import import_module

import pytest

from fanlight.importers.tensorflow.library import OUTPUTS
from fanlight.importers.tensorflow.schema import DTYPES, PACKAGE, pool

MODULES = ("core.framework.graph_pb2", "core.protobuf.saved_model_pb2", "core.protobuf.tensor_bundle_pb2",
           "core.framework.variable_pb2")  # fmt: skip
NESTED = {"Dim": "TensorShapeProto.Dim", "ListValue": "AttrValue.ListValue", "ArgDef": "OpDef.ArgDef",
          "MetaInfoDef": "MetaGraphDef.MetaInfoDef", "BytesList": "CollectionDef.BytesList",
          "ObjectReference": "TrackableObjectGraph.TrackableObject.ObjectReference"}  # fmt: skip
ENUMERATIONS = {("BundleHeaderProto", "endianness")}  # read as the numbers that they are


@pytest.mark.full
def test_every_field_is_tensorflows():
    pytest.importorskip("tensorflow", reason="TensorFlow is not installed")
    graphs, *_ = (import_module(f"tensorflow.{name}") for name in MODULES)
    theirs = graphs.GraphDef.DESCRIPTOR.file.pool
    file = pool().FindFileByName("fanlight_tensorflow.proto")
    for name, ours in file.message_types_by_name.items():
        same = theirs.FindMessageTypeByName(f"{PACKAGE}.{NESTED.get(name, name)}")
        for field in ours.fields:
            other = same.fields_by_name[field.name]
            assert (field.number, field.is_repeated) == (other.number, other.is_repeated), (name, field.name)
            assert field.type == other.type or (name, field.name) in ENUMERATIONS, (name, field.name)
            if field.message_type and not field.message_type.GetOptions().map_entry:
                assert other.message_type.full_name.endswith(f".{field.message_type.name}"), (name, field.name)
    assert [theirs.FindEnumTypeByName(f"{PACKAGE}.DataType").values_by_number[k].name for k in range(len(DTYPES))] == [
        f"DT_{name}" for name in DTYPES
    ]


@pytest.mark.full
def test_outputs_have_tensorflows_names():
    pytest.importorskip("tensorflow", reason="TensorFlow is not installed")
    registry = import_module("tensorflow.python.framework.op_def_registry")
    for op, outputs in OUTPUTS.items():
        if (found := registry.get(op)) is None:
            continue
        names = [
            each.name + "".join(f"*{many}" for many in (each.number_attr, each.type_list_attr) if many)
            for each in found.output_arg
        ]
        said = outputs.split()
        assert said[: len(names)] == names, op
