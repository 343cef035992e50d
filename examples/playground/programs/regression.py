# Regression: no layers, no optimizer: a loss by hand, and its gradient.
import random

import fanlight as fl
from playground import curve, live

random.seed(0)
x = fl.reshape(6 * fl.arange(40) / 39 - 3, (40, 1))
y = fl.sin(1.5 * x) + fl.Tensor([[random.gauss(0, 0.1)] for _ in range(40)])


def weight(spread):
    """24 random numbers to begin with."""
    return fl.Tensor([[random.gauss(0, spread) for _ in range(24)]])


weights = {"slope": weight(2), "shift": weight(2), "height": weight(0.2)}
speed = {name: fl.zeros_like(w) for name, w in weights.items()}


def model(weights, x):
    """A sum of 24 soft steps."""
    steps = fl.tanh(x @ weights["slope"] + weights["shift"])
    return steps @ fl.transpose(weights["height"])


def loss(weights, x, y):
    return fl.mean((model(weights, x) - y) ** 2)


@fl.function  # compiled to WebAssembly once, at its first call
def step(weights, speed, x, y):
    error, uphill = fl.value_and_grad(loss)(weights, x, y)
    speed = {name: 0.9 * v - 0.01 * uphill[name] for name, v in speed.items()}
    weights = {name: w + speed[name] for name, w in weights.items()}
    return weights, speed, error


line = fl.reshape(6 * fl.arange(120) / 119 - 3, (120, 1))
for number in range(801):
    weights, speed, error = step(weights, speed, x, y)
    if number % 20 == 0:
        live("Mistakes (loss)", error, number)
        curve("The curve", line, model(weights, line), points=(x, y))

print(f"loss {error:.4f} after {number} steps")
