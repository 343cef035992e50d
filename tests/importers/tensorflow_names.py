"""Which operations does TensorFlow.js's converter know? Their names, as version 4.22 lists them."""

TFJS = tuple(
    """
_FusedConv2D _FusedMatMul Abs Acos Acosh Add AddN AddV2 All Any ArgMax ArgMin Asin Asinh Atan Atan2 Atanh AvgPool
AvgPool3D BatchMatMul BatchMatMulV2 BatchToSpaceND BiasAdd Bincount BitwiseAnd BroadcastArgs BroadcastTo Cast Ceil
ClipByValue Complex ComplexAbs Concat ConcatV2 Const Conv1D Conv2D Conv2DBackpropInput Conv3D Cos Cosh CropAndResize
Cumprod Cumsum DenseBincount DepthToSpace DepthwiseConv2d DepthwiseConv2dNative Dilation2D Div DivNoNan Einsum Elu
EmptyTensorList EnsureShape Enter Equal Erf EuclideanNorm Exit Exp ExpandDims Expm1 FakeQuantWithMinMaxVars FFT Fill
Floor FloorDiv FloorMod FusedBatchNorm FusedBatchNormV2 FusedBatchNormV3 FusedDepthwiseConv2dNative Gather GatherNd
GatherV2 Greater GreaterEqual HashTable HashTableV2 Identity IdentityN If IFFT Imag ImageProjectiveTransformV3
InitializeTable InitializeTableV2 IRFFT IsFinite IsInf IsNan LeakyRelu Less LessEqual LinSpace ListDiff Log Log1p
LogicalAnd LogicalNot LogicalOr LogSoftmax LookupTableFind LookupTableFindV2 LookupTableImport LookupTableImportV2
LookupTableSize LookupTableSizeV2 LoopCond LowerBound LRN MatMul MatrixBandPart Max Maximum MaxPool MaxPool3D
MaxPoolWithArgmax Mean Merge Min Minimum MirrorPad Mod Mul Multinomial Neg NextIteration NonMaxSuppressionV2
NonMaxSuppressionV3 NonMaxSuppressionV4 NonMaxSuppressionV5 NoOp NotEqual OneHot Ones OnesLike Pack Pad PadV2
Placeholder PlaceholderWithDefault Pow Prelu Print Prod RaggedGather RaggedRange RaggedTensorToTensor
RandomStandardNormal RandomUniform RandomUniformInt Range Rank Real RealDiv Reciprocal Relu Relu6 Reshape
ResizeBilinear ResizeNearestNeighbor Reverse ReverseV2 RFFT Round Rsqrt ScatterNd Select SelectV2 Selu Shape ShapeN
Sigmoid Sign SimpleMLCreateModelResource SimpleMLInferenceOpWithHandle SimpleMLLoadModelFromPathWithHandle Sin Sinh
Size Slice Snapshot Softmax Softplus SpaceToBatchND SparseFillEmptyRows SparseReshape SparseSegmentMean
SparseSegmentSum SparseToDense Split SplitV Sqrt Square SquaredDifference Squeeze StatelessIf StatelessWhile
StaticRegexReplace StopGradient StridedSlice StringNGrams StringSplit StringToHashBucketFast Sub Sum Switch Tan Tanh
TensorArrayCloseV3 TensorArrayConcatV3 TensorArrayGatherV3 TensorArrayReadV3 TensorArrayScatterV3 TensorArraySizeV3
TensorArraySplitV3 TensorArrayV3 TensorArrayWriteV3 TensorListConcat TensorListConcatV2 TensorListFromTensor
TensorListGather TensorListGetItem TensorListLength TensorListPopBack TensorListPushBack TensorListReserve
TensorListResize TensorListScatter TensorListScatterV2 TensorListSetItem TensorListSplit TensorListStack
TensorScatterUpdate Tile TopKV2 Transpose TruncatedNormal Unique UniqueV2 Unpack UpperBound Where While Zeros
ZerosLike
""".split()  # noqa: SIM905  # a list of its own length
)
