# Spiral: watch a network learn which part of the plane is whose.
import math
import random

import fanlight as fl
from playground import plane, regions

random.seed(1)
points, labels = [], []
for arm in range(3):
    for k in range(100):
        radius = 0.1 + 0.85 * k / 100
        turn = 6 * radius + 2 * math.pi * arm / 3 + random.gauss(0, 0.12)
        points.append([radius * math.sin(turn), radius * math.cos(turn)])
        labels.append(arm)

model = fl.Sequential(
    [
        fl.Input((2,), name="point"),
        fl.layers.Dense(32, activation="tanh"),
        fl.layers.Dense(32, activation="tanh"),
        fl.layers.Dense(3, activation="softmax", name="arm"),
    ],
    name="spiral",
)
model.compile(
    optimizer=fl.optimizers.Adam(0.01),
    loss="sparse_categorical_crossentropy",
    metrics=["accuracy"],
)

grid = plane(64)


async def draw(epoch, logs):
    if epoch % 4 == 0:
        answers = await model.predict(grid)
        regions("Which arm is it?", answers, points, labels)


await model.fit(points, labels, epochs=121, on_epoch_end=draw)

accuracy = (await model.evaluate(points, labels))["accuracy"]
print(f"{accuracy:.0%} of the points are right.")
