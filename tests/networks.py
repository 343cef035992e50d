"""Networks that several tests train."""

import fanlight as fl


def varied_network(batch):
    """A compiled model of 8x8 pictures with all kinds of kernels, on which two threads have something to share."""
    layers = fl.layers
    model = fl.Sequential(
        [
            fl.Input((8, 8, 1), name="image"),
            layers.Rescaling(1 / 16),
            layers.Conv2D(8, 5, padding="same"),
            layers.BatchNormalization(),
            layers.Activation("gelu"),
            layers.MaxPooling2D(),
            layers.Conv2D(32, 3, activation="tanh"),
            layers.Flatten(),
            layers.Dropout(0.25),
            layers.Dense(10, activation="softmax"),
        ],
        name="varied",
    )
    model.compile(optimizer=fl.optimizers.Adam(0.01), loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    model._batch = batch
    return model
