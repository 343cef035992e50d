# Iris: which of three flowers is it? Four measurements tell.
import fanlight as fl

(x, y), (x_test, y_test) = fl.datasets.iris()

model = fl.Sequential(
    [
        fl.Input(fl.Table(fl.datasets.IRIS_COLUMNS), name="flower"),
        fl.layers.Dense(16, activation="relu"),
        fl.layers.Dense(3, activation="softmax", name="species"),
    ],
    name="iris",
    meanings={"species": fl.Classes(fl.datasets.IRIS_LABELS)},
)
model.compile(
    optimizer=fl.optimizers.Adam(0.01),
    loss="sparse_categorical_crossentropy",
    metrics=["accuracy"],
)
model.summary()

# In a browser `fit` is awaited: a worker trains, and the page lives on.
test = (x_test, y_test)
await model.fit(x, y, epochs=60, batch_size=16, validation_data=test)

accuracy = (await model.evaluate(*test))["accuracy"]
print(f"\n{accuracy:.0%} of {len(x_test)} flowers it never saw are right.\n")

for label, sure in (await model.classify([[5.1, 3.5, 1.4, 0.2]]))[0]:
    print(f"{label:12}{sure:.1%}")

# The page that model.export("site/", train=True, page=page) writes:
page = fl.Page("Which iris is it?", data={"train": (x, y), "test": test})
display(await model.show(page, height=860))
