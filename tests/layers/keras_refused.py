"""Which of Keras's layers does Fanlight not have, and why? A reason for each, which docs/layers.md repeats."""

# Name in keras.layers -> why there is none.
REFUSED = {
    "FlaxLayer": "it runs Flax's own Python code, which cannot become a graph",
    "JaxLayer": "it runs JAX's own Python code, which cannot become a graph",
    "TorchModuleWrapper": "it runs PyTorch's own Python code, which cannot become a graph",
    "TFSMLayer": "it runs a TensorFlow graph, which needs TensorFlow",
    "Lambda": "a file holds Python code to be run; a layer of one's own (`fl.layers.Layer`, `fl.register`) is safe",
    "MaxNumBoundingBoxes": "it fills up the boxes beside pictures; boxes as targets are not there yet",
    "StringLookup": "strings are no values of a graph: `fl.Table(categories=...)` makes numbers of them before it",
    "TextVectorization": "strings are no values of a graph; a meaning for text is not there yet",
    "Hashing": "Keras hashes the decimal text of a number with 64-bit FarmHash or SipHash, which is not there",
    "HashedCrossing": "Keras leaves it to TensorFlow's `sparse.cross_hashed`, a hash of its own, which is not there",
    "ContrastLimitedAdaptiveHistogramEqualization": "not there yet; `Equalization`, of the whole image, is",
}

# What keras.layers holds that is no layer of its own.
NO_LAYERS = {"InputSpec", "Layer", "Wrapper", "InputLayer"}

# What cases cannot compare, since it draws numbers of its own or needs TensorFlow: the test in this folder -> layers.
ELSEWHERE = {
    "test_lookup.py": ("IntegerLookup",),
    "test_random_policies.py": ("AugMix", "CutMix", "MixUp", "RandAugment"),
    "test_random_images.py": (
        *("AutoContrast", "Equalization", "RandomColorJitter", "RandomCrop", "RandomElasticTransform", "RandomErasing"),
        *("RandomFlip", "RandomGrayscale", "RandomHue", "RandomPerspective", "RandomShear", "Solarization"),
    ),
}
