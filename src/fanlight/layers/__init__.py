"""Which layers are there? Keras-style blocks under Keras's names; `LAYERS` finds their classes by name."""

from fanlight.layers import base
from fanlight.layers.attention import AdditiveAttention, Attention
from fanlight.layers.audio import MelSpectrogram, STFTSpectrogram
from fanlight.layers.augmentation import RandomAffine, RandomStroke
from fanlight.layers.base import Symbol
from fanlight.layers.cells import GRUCell, LSTMCell, SimpleRNNCell, StackedRNNCells
from fanlight.layers.class_mask import ClassMask
from fanlight.layers.context import Context
from fanlight.layers.convolution import (
    Conv1D,
    Conv1DTranspose,
    Conv2D,
    Conv2DTranspose,
    Conv3D,
    Conv3DTranspose,
    Convolution1D,
    Convolution1DTranspose,
    Convolution2D,
    Convolution2DTranspose,
    Convolution3D,
    Convolution3DTranspose,
    DepthwiseConv1D,
    DepthwiseConv2D,
    SeparableConv1D,
    SeparableConv2D,
    SeparableConvolution1D,
    SeparableConvolution2D,
)
from fanlight.layers.convolution_lstm import ConvLSTM1D, ConvLSTM2D, ConvLSTM3D
from fanlight.layers.core import Dense, Identity, Rescaling
from fanlight.layers.drawing import Drawing
from fanlight.layers.dropout import (
    ActivityRegularization,
    AlphaDropout,
    Dropout,
    GaussianDropout,
    GaussianNoise,
    SpatialDropout1D,
    SpatialDropout2D,
    SpatialDropout3D,
)
from fanlight.layers.einsum_dense import EinsumDense
from fanlight.layers.embedding import Embedding, Masking, ReversibleEmbedding
from fanlight.layers.framing import (
    Cropping1D,
    Cropping2D,
    Cropping3D,
    UpSampling1D,
    UpSampling2D,
    UpSampling3D,
    ZeroPadding1D,
    ZeroPadding2D,
    ZeroPadding3D,
)
from fanlight.layers.histograms import AutoContrast, Equalization
from fanlight.layers.image_sizes import CenterCrop, RandomCrop, Resizing
from fanlight.layers.input import Input, InputLayer
from fanlight.layers.lookup import IntegerLookup
from fanlight.layers.meanings import Classes, Image, Meaning, Number, Table
from fanlight.layers.merging import (
    Add,
    Average,
    Concatenate,
    Dot,
    Maximum,
    Minimum,
    Multiply,
    Subtract,
)
from fanlight.layers.multi_head_attention import GroupQueryAttention, MultiHeadAttention
from fanlight.layers.network import Network
from fanlight.layers.normalization import (
    BatchNormalization,
    GroupNormalization,
    LayerNormalization,
    RMSNormalization,
    UnitNormalization,
)
from fanlight.layers.operation import Operation as Operation
from fanlight.layers.own import Layer
from fanlight.layers.pipeline import Pipeline
from fanlight.layers.pooling import (
    AdaptiveAveragePooling1D,
    AdaptiveAveragePooling2D,
    AdaptiveAveragePooling3D,
    AdaptiveMaxPooling1D,
    AdaptiveMaxPooling2D,
    AdaptiveMaxPooling3D,
    AveragePooling1D,
    AveragePooling2D,
    AveragePooling3D,
    AvgPool1D,
    AvgPool2D,
    AvgPool3D,
    GlobalAveragePooling1D,
    GlobalAveragePooling2D,
    GlobalAveragePooling3D,
    GlobalAvgPool1D,
    GlobalAvgPool2D,
    GlobalAvgPool3D,
    GlobalMaxPool1D,
    GlobalMaxPool2D,
    GlobalMaxPool3D,
    GlobalMaxPooling1D,
    GlobalMaxPooling2D,
    GlobalMaxPooling3D,
    MaxPool1D,
    MaxPool2D,
    MaxPool3D,
    MaxPooling1D,
    MaxPooling2D,
    MaxPooling3D,
)
from fanlight.layers.preprocessing import CategoryEncoding, Discretization, Normalization
from fanlight.layers.random_color import (
    RandomBrightness,
    RandomColorDegeneration,
    RandomColorJitter,
    RandomContrast,
    RandomGrayscale,
    RandomHue,
    RandomInvert,
    RandomPosterization,
    RandomSaturation,
    Solarization,
)
from fanlight.layers.random_geometry import (
    RandomElasticTransform,
    RandomFlip,
    RandomPerspective,
    RandomRotation,
    RandomShear,
    RandomTranslation,
    RandomZoom,
)
from fanlight.layers.random_mixing import CutMix, MixUp
from fanlight.layers.random_policies import AugMix, RandAugment
from fanlight.layers.random_texture import RandomErasing, RandomGaussianBlur, RandomSharpness
from fanlight.layers.rectifiers import (
    ELU,
    Activation,
    LeakyReLU,
    PReLU,
    ReLU,
    Softmax,
)
from fanlight.layers.recurrent import GRU, LSTM, RNN, SimpleRNN
from fanlight.layers.reshaping import (
    Flatten,
    Permute,
    RepeatVector,
    Reshape,
)
from fanlight.layers.residual import LayerScale as LayerScale
from fanlight.layers.residual import StochasticDepth as StochasticDepth
from fanlight.layers.spectral import SpectralNormalization
from fanlight.layers.wrappers import Bidirectional, TimeDistributed

__all__ = [
    # Where a network begins, and what it is
    "Context",
    "Input",
    "InputLayer",
    "Layer",
    "Network",
    "Symbol",
    "Operation",
    # What inputs and outputs mean
    "Classes",
    "Drawing",
    "Image",
    "Meaning",
    "Number",
    "Table",
    # Products and shapes
    "Dense",
    "EinsumDense",
    "Identity",
    "Flatten",
    "Rescaling",
    # Sequences
    "Bidirectional",
    "TimeDistributed",
    "ConvLSTM1D",
    "ConvLSTM2D",
    "ConvLSTM3D",
    "Embedding",
    "GRU",
    "GRUCell",
    "LSTM",
    "LSTMCell",
    "Masking",
    "ReversibleEmbedding",
    "RNN",
    "SimpleRNN",
    "SimpleRNNCell",
    "StackedRNNCells",
    # Numbers and classes before a network
    "CategoryEncoding",
    "Discretization",
    "Normalization",
    "IntegerLookup",
    "MelSpectrogram",
    "STFTSpectrogram",
    "Pipeline",
    # Images before a network
    "AugMix",
    "CutMix",
    "MixUp",
    "RandAugment",
    "AutoContrast",
    "CenterCrop",
    "Equalization",
    "RandomBrightness",
    "RandomColorDegeneration",
    "RandomColorJitter",
    "RandomContrast",
    "RandomCrop",
    "RandomElasticTransform",
    "RandomErasing",
    "RandomFlip",
    "RandomGaussianBlur",
    "RandomGrayscale",
    "RandomHue",
    "RandomInvert",
    "RandomPerspective",
    "RandomPosterization",
    "RandomRotation",
    "RandomSaturation",
    "RandomSharpness",
    "RandomShear",
    "RandomTranslation",
    "RandomZoom",
    "Resizing",
    "Solarization",
    # Images
    "AveragePooling2D",
    # Convolution
    "Conv1D",
    "Conv1DTranspose",
    "Conv2D",
    "Conv2DTranspose",
    "Conv3D",
    "Conv3DTranspose",
    "Convolution1D",
    "Convolution1DTranspose",
    "Convolution2D",
    "Convolution2DTranspose",
    "Convolution3D",
    "Convolution3DTranspose",
    "DepthwiseConv1D",
    "DepthwiseConv2D",
    "SeparableConv1D",
    "SeparableConv2D",
    "SeparableConvolution1D",
    "SeparableConvolution2D",
    # Activations
    "Activation",
    "ELU",
    "LeakyReLU",
    "PReLU",
    "ReLU",
    "Softmax",
    # Attention
    "AdditiveAttention",
    "Attention",
    "GroupQueryAttention",
    "MultiHeadAttention",
    # Normalization
    "BatchNormalization",
    "GroupNormalization",
    "LayerNormalization",
    "RMSNormalization",
    "SpectralNormalization",
    "UnitNormalization",
    # Training
    "ActivityRegularization",
    "AlphaDropout",
    "Dropout",
    "GaussianDropout",
    "GaussianNoise",
    "SpatialDropout1D",
    "SpatialDropout2D",
    "SpatialDropout3D",
    "ClassMask",
    "RandomAffine",
    "RandomStroke",
    # Residual blocks
    "LayerScale",
    "StochasticDepth",
    # Pooling
    "AdaptiveAveragePooling1D",
    "AdaptiveAveragePooling2D",
    "AdaptiveAveragePooling3D",
    "AdaptiveMaxPooling1D",
    "AdaptiveMaxPooling2D",
    "AdaptiveMaxPooling3D",
    "AveragePooling1D",
    "AveragePooling3D",
    "AvgPool1D",
    "AvgPool2D",
    "AvgPool3D",
    "GlobalAveragePooling1D",
    "GlobalAveragePooling2D",
    "GlobalAveragePooling3D",
    "GlobalAvgPool1D",
    "GlobalAvgPool2D",
    "GlobalAvgPool3D",
    "GlobalMaxPool1D",
    "GlobalMaxPool2D",
    "GlobalMaxPool3D",
    "GlobalMaxPooling1D",
    "GlobalMaxPooling2D",
    "GlobalMaxPooling3D",
    "MaxPool1D",
    "MaxPool2D",
    "MaxPool3D",
    "MaxPooling1D",
    "MaxPooling2D",
    "MaxPooling3D",
    # Shapes
    "Cropping1D",
    "Cropping2D",
    "Cropping3D",
    "UpSampling1D",
    "UpSampling2D",
    "UpSampling3D",
    "ZeroPadding1D",
    "ZeroPadding2D",
    "ZeroPadding3D",
    "Permute",
    "RepeatVector",
    "Reshape",
    # Merging
    "Add",
    "Average",
    "Concatenate",
    "Dot",
    "Maximum",
    "Minimum",
    "Multiply",
    "Subtract",
]

LAYERS: dict[str, type[base.Layer]] = {
    name: value
    for name, value in globals().items()
    if isinstance(value, type) and issubclass(value, base.Layer) and value not in (Layer, Network)
}
