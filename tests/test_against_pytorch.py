"""Do random networks learn as in PyTorch? Two hundred training steps: losses, and every parameter after each.

PyTorch gets the network's initial weights in its own layouts, and float64, so that the difference is ours."""

import numpy as np
import pytest

import fanlight as fl

NETWORKS, STEPS, ROWS = 40, 5, 12
EPSILON = 1e-3  # of the optimizers: so large that the rounding of tiny gradients does not turn into whole steps
ACTIVATIONS = ("relu", "tanh", "sigmoid", "gelu", "silu", "elu", "softplus")  # equal names in torch.nn.functional

try:
    import torch
except ImportError:
    torch = None


def optimizers(rng):
    """One of each kind, for both sides."""
    rate = float(10 ** rng.uniform(-3, -1.5))
    momentum = float(rng.uniform(0, 0.95))
    kind = rng.choice(["sgd", "nesterov", "adam", "adamw", "rmsprop"])
    own, theirs = fl.optimizers, torch.optim
    if kind in ("sgd", "nesterov"):
        return own.SGD(rate, momentum=momentum, nesterov=kind == "nesterov"), lambda p: theirs.SGD(
            p, rate, momentum=momentum, nesterov=kind == "nesterov"
        )
    if kind == "adam":
        return own.Adam(rate, epsilon=EPSILON), lambda p: theirs.Adam(p, rate)
    if kind == "adamw":
        return own.AdamW(rate, weight_decay=0.01, epsilon=EPSILON), lambda p: theirs.AdamW(p, rate, weight_decay=0.01)
    return own.RMSprop(rate, rho=0.9, epsilon=EPSILON), lambda p: RMSprop(p, rate)


class RMSprop:
    """As Keras has it: epsilon under the root."""

    def __init__(self, parameters, rate):
        self.parameters, self.rate = parameters, rate
        self.squares = [torch.zeros_like(each) for each in parameters]

    def zero_grad(self):
        for each in self.parameters:
            each.grad = None

    def step(self):
        with torch.no_grad():
            for each, square in zip(self.parameters, self.squares, strict=True):
                square.mul_(0.9).add_(0.1 * each.grad**2)
                each.sub_(self.rate * each.grad / torch.sqrt(square + EPSILON))


def set_epsilon(optimizer, step):
    """Adam adds epsilon before the bias correction in Keras, after it in PyTorch."""
    for group in getattr(optimizer, "param_groups", ()):
        if "betas" in group:
            group["eps"] = EPSILON / np.sqrt(1 - group["betas"][1] ** (step + 1))


def network(rng):
    """A random network with its loss: the model, the same computation in PyTorch, inputs and targets."""
    layers, steps = [], []  # ours; (kind, settings) for PyTorch
    is_conv = rng.random() < 0.5
    shape = (int(rng.integers(6, 10)), int(rng.integers(6, 10)), int(rng.integers(1, 4))) if is_conv else (7,)
    if is_conv:
        for k in range(int(rng.integers(1, 3))):
            activation, stride = str(rng.choice(ACTIVATIONS)), int(rng.integers(1, 3)) if k == 0 else 1
            size = int(rng.choice([1, 3]))
            padding = str(rng.choice(["same", "valid"])) if stride == 1 else "valid"
            name = f"conv{k}"
            channels = int(rng.integers(2, 7))
            layers.append(
                fl.layers.Conv2D(channels, size, strides=stride, padding=padding, activation=activation, name=name)
            )
            steps.append(("conv", name, activation, stride, padding))
        layers.append(fl.layers.Flatten())
        steps.append(("flatten",))
    for k in range(int(rng.integers(1, 3))):
        activation = str(rng.choice(ACTIVATIONS))
        layers.append(fl.layers.Dense(int(rng.integers(3, 20)), activation=activation, name=f"dense{k}"))
        steps.append(("dense", f"dense{k}", activation))
    loss = str(rng.choice(["sparse_categorical_crossentropy", "mean_squared_error", "binary_crossentropy"]))
    last = {"sparse_categorical_crossentropy": "softmax", "binary_crossentropy": "sigmoid"}.get(loss)
    units = 5 if last == "softmax" else 3
    layers.append(fl.layers.Dense(units, activation=last, name="last"))
    steps.append(("dense", "last", None))
    model = fl.Sequential([fl.Input(shape, name="x"), *layers])
    x = rng.normal(0, 1, (STEPS, ROWS, *shape)).astype(np.float32)
    if last == "softmax":
        y = rng.integers(0, units, (STEPS, ROWS)).astype(np.int32)
    elif last == "sigmoid":
        y = rng.integers(0, 2, (STEPS, ROWS, units)).astype(np.float32)
    else:
        y = rng.normal(0, 1, (STEPS, ROWS, units)).astype(np.float32)
    return model, steps, loss, x, y


def forward(steps, weights, x):
    """The network in PyTorch, up to its last product: channels come second there."""
    if x.ndim == 4:
        x = x.permute(0, 3, 1, 2)
    for kind, *settings in steps:
        if kind == "flatten":
            x = x.permute(0, 2, 3, 1).flatten(1)
            continue
        name, activation, *rest = settings
        kernel, bias = weights[f"{name}/kernel"], weights[f"{name}/bias"]
        if kind == "conv":
            x = torch.nn.functional.conv2d(x, kernel.permute(3, 2, 0, 1), bias, stride=rest[0], padding=rest[1])
        else:
            x = x @ kernel + bias
        x = x if activation is None else getattr(torch.nn.functional, activation)(x)
    return x


def loss_of(name, logits, y):
    if name == "sparse_categorical_crossentropy":
        return torch.nn.functional.cross_entropy(logits, y.long())
    if name == "binary_crossentropy":
        return torch.nn.functional.binary_cross_entropy_with_logits(logits, y)
    return torch.nn.functional.mse_loss(logits, y)


@pytest.mark.full
@pytest.mark.parametrize("seed", range(NETWORKS))
def test_random_steps_agree_with_pytorch(seed):
    if torch is None:
        pytest.skip("PyTorch is not installed")
    rng = np.random.default_rng(seed)
    model, steps, loss, x, y = network(rng)
    own, theirs = optimizers(rng)
    model.seed = seed
    model.compile(optimizer=own, loss=loss)
    names = [
        name for name in model.weights() if name.endswith(("/kernel", "/bias")) and not name.startswith("optimizer")
    ]
    start = model.weights()
    weights = {name: torch.tensor(start[name], dtype=torch.float64, requires_grad=True) for name in names}
    optimizer = theirs(list(weights.values()))
    for step in range(STEPS):
        found = model.train_on_batch(x[step], y[step])["loss"]
        optimizer.zero_grad()
        targets = torch.tensor(y[step]) if y.dtype == np.int32 else torch.tensor(y[step], dtype=torch.float64)
        expected = loss_of(loss, forward(steps, weights, torch.tensor(x[step], dtype=torch.float64)), targets)
        expected.backward()
        set_epsilon(optimizer, step)
        optimizer.step()
        assert found == pytest.approx(expected.item(), rel=2e-5, abs=2e-5)
        now = model.weights()
        for name in names:
            wanted = weights[name].detach().numpy()
            error = np.abs(now[name] - wanted).max() / max(1.0, np.abs(wanted).max())
            assert error < 3e-5, (name, step, type(own).__name__, error)
