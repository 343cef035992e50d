"""What are TensorFlow's messages made of? Those that a model needs, by the field numbers of its public .proto files.

Out: classes of the package protobuf, in a pool of their own, so that TensorFlow itself may be loaded beside them. A
field that is not listed is skipped where a file has it.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from fanlight.errors import ModelFormatError, UnsupportedOp

# name: fields as `number name type`; `*` many, `<T>` a map from strings to T; `(x)` after a name: all in the oneof x.
MESSAGES = """
GraphDef: 1 node NodeDef*, 2 library FunctionDefLibrary, 4 versions VersionDef
VersionDef: 1 producer int32, 2 min_consumer int32
NodeDef: 1 name string, 2 op string, 3 input string*, 5 attr <AttrValue>
AttrValue(value): 1 list ListValue, 2 s bytes, 3 i int64, 4 f float, 5 b bool, 6 type DataType, 7 shape TensorShapeProto, 8 tensor TensorProto, 9 placeholder string, 10 func NameAttrList
ListValue: 2 s bytes*, 3 i int64*, 4 f float*, 5 b bool*, 6 type DataType*, 7 shape TensorShapeProto*, 8 tensor TensorProto*, 9 func NameAttrList*
NameAttrList: 1 name string, 2 attr <AttrValue>
TensorShapeProto: 2 dim Dim*, 3 unknown_rank bool
Dim: 1 size int64, 2 name string
TensorProto: 1 dtype DataType, 2 tensor_shape TensorShapeProto, 4 tensor_content bytes, 5 float_val float*, 6 double_val double*, 7 int_val int32*, 8 string_val bytes*, 9 scomplex_val float*, 10 int64_val int64*, 11 bool_val bool*, 12 dcomplex_val double*, 13 half_val int32*, 16 uint32_val uint32*, 17 uint64_val uint64*
FunctionDefLibrary: 1 function FunctionDef*
FunctionDef: 1 signature OpDef, 3 node_def NodeDef*, 4 ret <string>, 5 attr <AttrValue>
OpDef: 1 name string, 2 input_arg ArgDef*, 3 output_arg ArgDef*
ArgDef: 1 name string, 3 type DataType, 4 type_attr string, 5 number_attr string, 6 type_list_attr string
SavedModel: 1 saved_model_schema_version int64, 2 meta_graphs MetaGraphDef*
MetaGraphDef: 1 meta_info_def MetaInfoDef, 2 graph_def GraphDef, 3 saver_def SaverDef, 4 collection_def <CollectionDef>, 5 signature_def <SignatureDef>, 7 object_graph_def SavedObjectGraph
MetaInfoDef: 4 tags string*, 5 tensorflow_version string
SaverDef: 3 restore_op_name string
CollectionDef: 2 bytes_list BytesList
BytesList: 1 value bytes*
VariableDef: 1 variable_name string
SignatureDef: 1 inputs <TensorInfo>, 2 outputs <TensorInfo>, 3 method_name string
TensorInfo: 1 name string, 2 dtype DataType, 3 tensor_shape TensorShapeProto
SavedObjectGraph: 1 nodes SavedObject*
SavedObject: 1 children ObjectReference*, 7 variable SavedVariable
ObjectReference: 1 node_id int32, 2 local_name string
SavedVariable: 1 dtype DataType, 2 shape TensorShapeProto, 3 trainable bool, 6 name string
BundleHeaderProto: 1 num_shards int32, 2 endianness int32, 3 version VersionDef
BundleEntryProto: 1 dtype DataType, 2 shape TensorShapeProto, 3 shard_id int32, 4 offset int64, 5 size int64, 6 crc32c fixed32, 7 slices TensorSliceProto*
TensorSliceProto:
"""  # noqa: E501  # a line is a message

# Numbers of the enumeration DataType; 100 more is a reference to one.
DTYPES = (
    *("INVALID", "FLOAT", "DOUBLE", "INT32", "UINT8", "INT16", "INT8", "STRING", "COMPLEX64", "INT64", "BOOL"),
    *("QINT8", "QUINT8", "QINT32", "BFLOAT16", "QINT16", "QUINT16", "UINT16", "COMPLEX128", "HALF", "RESOURCE"),
    *("VARIANT", "UINT32", "UINT64", "FLOAT8_E5M2", "FLOAT8_E4M3FN", "FLOAT8_E4M3FNUZ", "FLOAT8_E4M3B11FNUZ"),
    *("FLOAT8_E5M2FNUZ", "INT4", "UINT4", "INT2", "UINT2", "FLOAT4_E2M1FN"),
)
REFERENCE = 100
RENAMED = {"FLOAT": "float32", "DOUBLE": "float64", "HALF": "float16"}  # as NumPy calls them

PACKAGE = "tensorflow"


def dtype_name(number: int) -> str | None:
    """NumPy's name of a DataType, or TensorFlow's where NumPy has none; None for no type or an unknown one."""
    number -= REFERENCE if number > REFERENCE else 0
    name = DTYPES[number] if 0 < number < len(DTYPES) else None
    return None if name is None else RENAMED.get(name, name.lower())


@cache
def message(name: str) -> Any:
    """The class of a message."""
    try:
        from google.protobuf import message_factory
    except ImportError as error:
        do = 'install it: pip install "fanlight[tensorflow]"'
        expected = "the package protobuf, to read TensorFlow's files"
        raise UnsupportedOp("load", expected=expected, got="none", do=do) from error
    return message_factory.GetMessageClass(pool().FindMessageTypeByName(f"{PACKAGE}.{name}"))


def parsed(name: str, data: bytes, at: str, what: str = "TensorFlow file") -> Any:
    """The message in these bytes. Raises ModelFormatError where they are none."""
    kind = message(name)
    from google.protobuf.message import DecodeError

    try:
        return kind.FromString(data)
    except DecodeError as error:
        raise ModelFormatError(what, expected=f"a whole {name}", got=str(error)[:200], at=at) from error


@cache
def pool() -> Any:
    """All messages of the table."""
    from google.protobuf.descriptor_pb2 import FileDescriptorProto
    from google.protobuf.descriptor_pool import DescriptorPool

    file = FileDescriptorProto(name="fanlight_tensorflow.proto", package=PACKAGE, syntax="proto3")
    enumeration = file.enum_type.add(name="DataType")
    for number, name in enumerate(DTYPES):
        enumeration.value.add(name=f"DT_{name}", number=number)
    for number, name in enumerate(DTYPES[1:], REFERENCE + 1):
        enumeration.value.add(name=f"DT_{name}_REF", number=number)
    for line in MESSAGES.strip().splitlines():
        head, _, fields = line.partition(":")
        name, _, oneof = head.rstrip(")").partition("(")
        made = file.message_type.add(name=name)
        if oneof:
            made.oneof_decl.add(name=oneof)
        for each in filter(None, (part.split() for part in fields.split(","))):
            add_field(made, int(each[0]), each[1], each[2], bool(oneof))
    found = DescriptorPool()
    found.Add(file)
    return found


def add_field(made: Any, number: int, name: str, kind: str, in_oneof: bool) -> None:
    from google.protobuf.descriptor_pb2 import FieldDescriptorProto as Field

    many = kind.endswith("*") or kind.startswith("<")
    field = made.field.add(name=name, number=number, label=Field.LABEL_REPEATED if many else Field.LABEL_OPTIONAL)
    if in_oneof:
        field.oneof_index = 0
    if kind.startswith("<"):
        entry = made.nested_type.add(name="".join(map(str.capitalize, name.split("_"))) + "Entry")
        entry.options.map_entry = True
        add_field(entry, 1, "key", "string", False)
        add_field(entry, 2, "value", kind.strip("<>"), False)
        field.type, field.type_name = Field.TYPE_MESSAGE, f".{PACKAGE}.{made.name}.{entry.name}"
        return
    kind = kind.rstrip("*")
    if kind == "DataType":
        field.type, field.type_name = Field.TYPE_ENUM, f".{PACKAGE}.DataType"
    elif kind[0].isupper():
        field.type, field.type_name = Field.TYPE_MESSAGE, f".{PACKAGE}.{kind}"
    else:
        field.type = getattr(Field, f"TYPE_{kind.upper()}")
