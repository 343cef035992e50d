# Digits: learn 1,437 handwritten digits, then read yours.
import math

import fanlight as fl
from playground import pictures

(x, y), (x_test, y_test) = fl.datasets.digits()

model = fl.Sequential(
    [
        fl.Input(fl.Drawing(8, 8), name="drawing"),  # a pad, seen as 8 by 8
        fl.layers.Rescaling(1 / 16),
        fl.layers.RandomAffine(
            rotation=0.2 / (2 * math.pi),
            zoom=0.15,
            translation=0.5 / 8,
            shear=0.1,
        ),
        fl.layers.RandomStroke(0.5),
        fl.layers.Conv2D(12, 3, padding="same", activation="relu"),
        fl.layers.Conv2D(12, 3, padding="same", activation="relu"),
        fl.layers.MaxPooling2D(),
        fl.layers.Conv2D(16, 3, padding="same", activation="relu"),
        fl.layers.Flatten(),
        fl.layers.Dense(10, activation="softmax", name="digit"),
    ],
    name="digits",
    meanings={"digit": fl.Classes(fl.datasets.DIGITS_LABELS)},
)
model.compile(
    optimizer=fl.optimizers.Adam(0.004),
    loss="sparse_categorical_crossentropy",
    metrics=["accuracy"],
)

test = (x_test, y_test)
await model.fit(x, y, epochs=15, validation_data=test)

accuracy = (await model.evaluate(*test))["accuracy"]
print(f"{accuracy:.1%} of {len(x_test)} digits it never saw are right.")

few = 32
answers = [best[0][0] for best in await model.classify(x_test[:few])]
wrong = [k for k in range(few) if answers[k] != str(y_test[k])]
pictures("What it makes of digits it never saw", x_test[:few], answers, wrong)

# The page that model.export("site/", train=True, page=page) writes:
page = fl.Page("Draw a digit", data={"train": (x, y), "test": test})
display(await model.show(page, height=860))
