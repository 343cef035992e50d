"""Fits a curve to points without any layer: a loss and gradient descent with momentum, written by hand. Writes site/,
a page that calls the same functions to go on learning, also from points that a visitor adds."""

import numpy as np

import fanlight as fl

Points, Seed = fl.TensorSpec(("batch", 1)), fl.TensorSpec((2,), "uint32")


def init(state, seed: Seed):
    """Weights by chance, at rest. The page calls it to forget; what was in the state does not matter."""
    keys = fl.random_split(seed, 3)
    weights = {
        "slope": 2 * fl.random_normal(keys[0], (1, 24)),
        "shift": 2 * fl.random_normal(keys[1], (24,)),
        "height": 0.2 * fl.random_normal(keys[2], (24, 1)),
    }
    return {"weights": weights, "speed": {name: fl.zeros_like(w) for name, w in weights.items()}}, {}


def curve(weights, x):
    """A sum of 24 soft steps: one hidden layer."""
    return fl.tanh(x @ weights["slope"] + weights["shift"]) @ weights["height"]


def loss(weights, x, y):
    return fl.mean((curve(weights, x) - y) ** 2)


@fl.function
def step(state, x: Points, y: Points):
    """One step downhill. Momentum is a second set of arrays in the state: a speed for each weight."""
    error, uphill = fl.value_and_grad(loss)(state["weights"], x, y)
    speed = {name: 0.9 * v - 0.01 * uphill[name] for name, v in state["speed"].items()}
    weights = {name: w + speed[name] for name, w in state["weights"].items()}
    return {"weights": weights, "speed": speed}, {"loss": error}


@fl.function
def predict(state, x: Points):
    return {"y": curve(state["weights"], x)}


rng = np.random.default_rng(0)
x = np.linspace(-3, 3, 25)[:, None]
y = np.sin(1.5 * x) + 0.1 * rng.normal(size=x.shape)

state, _ = init(None, np.array([0, 1], np.uint32))
for number in range(1001):
    state, logs = step(state, x, y)
    if number % 250 == 0:
        print(f"step {number}: loss {logs['loss']:.4f}")

page = fl.Page(
    title="A curve through points",
    text="Click to add a point, drag one, take one away: the curve learns, here on your device.",
    show=["train", "keep"],
    data={"train": (x, y)},
)
functions = {"init": init, "step": step, "predict": predict}
fl.export(functions, "site/", state=state, dims={"batch": 128}, page=page, name="curve")
