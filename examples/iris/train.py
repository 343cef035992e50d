"""Learns to tell three kinds of iris by four measurements; writes site/, a page that does the same, and learns too."""

import fanlight as fl

(x, y), (x_test, y_test) = fl.datasets.iris()

model = fl.Sequential(
    [
        fl.Input(fl.Table(fl.datasets.IRIS_COLUMNS), name="flower"),
        fl.layers.Dense(16, activation="relu"),
        fl.layers.Dense(3, activation="softmax", name="species"),
    ],
    meanings={"species": fl.Classes(fl.datasets.IRIS_LABELS)},
)
model.compile(fl.optimizers.Adam(0.01), loss="sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(x, y, epochs=60, batch_size=16)
print(f"right on flowers it never saw: {model.evaluate(x_test, y_test)['accuracy']:.0%}")

page = fl.Page(
    title="Which iris is it?",
    text="Four measurements of a flower tell its species. The model was trained in Python; it can learn again here.",
    data={"train": (x, y), "test": (x_test, y_test)},
    epochs=60,
)
model.export("site/", train=True, page=page)
