"""Is a PyTorch module or a scikit-learn estimator the same model here? Outputs, gradients, training."""

import numpy as np
import pytest
from sklearn.datasets import load_iris
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import fanlight as fl
from fanlight.errors import ModelFormatError


@pytest.mark.parametrize("kind", ["forest", "logistic", "pipeline"])
def test_a_classifier_of_scikit_learn(kind):
    x, y = load_iris(return_X_y=True)
    estimator = {
        "forest": lambda: RandomForestClassifier(8, random_state=0),
        "logistic": lambda: LogisticRegression(max_iter=500),
        "pipeline": lambda: make_pipeline(StandardScaler(), LogisticRegression(max_iter=500)),
    }[kind]().fit(x, y)
    found = fl.from_sklearn(estimator).predict(x.astype("float32"))
    np.testing.assert_array_equal(found["label"], estimator.predict(x.astype("float32")))
    np.testing.assert_allclose(found["probabilities"], estimator.predict_proba(x.astype("float32")), atol=1e-5)


def test_a_regressor_of_scikit_learn(rng, tmp_path):
    x = rng.normal(size=(40, 3)).astype("float32")
    estimator = LinearRegression().fit(x, x @ np.array([1.0, -2, 0.5]) + 3)
    model = fl.from_sklearn(estimator)
    np.testing.assert_allclose(model.predict(x).ravel(), estimator.predict(x), atol=1e-5)
    np.testing.assert_array_equal(fl.load(model.export(tmp_path / "site")).predict(x), model.predict(x))


def test_what_is_not_fitted_is_refused():
    with pytest.raises(ModelFormatError, match="a fitted estimator"):
        fl.from_sklearn(LinearRegression())


def modules():
    """Small networks as people write them: (module, example inputs, open axes, bounds)."""
    import torch
    from torch import nn

    class Residual(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv1, self.bn1 = nn.Conv2d(3, 8, 3, 2, 1, bias=False), nn.BatchNorm2d(8)
            self.conv2, self.bn2 = nn.Conv2d(8, 8, 3, 1, 1, bias=False), nn.BatchNorm2d(8)
            self.down, self.head = nn.Conv2d(3, 8, 1, 2), nn.Linear(8, 4)

        def forward(self, image):
            y = torch.relu(self.bn1(self.conv1(image)))
            y = torch.relu(self.bn2(self.conv2(y)) + self.down(image))
            return self.head(y.mean((2, 3)))

    class Block(nn.Module):
        """A transformer's, of pictures (patches) or words (causal)."""

        def __init__(self, is_text):
            super().__init__()
            self.is_text, width = is_text, 16
            self.embed = nn.Embedding(20, width) if is_text else nn.Conv2d(3, width, 4, 4)
            self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
            self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
            self.mlp = nn.Sequential(nn.Linear(width, 32), nn.GELU(), nn.Linear(32, width))
            self.head = nn.Linear(width, 20 if is_text else 4)

        def forward(self, x):
            y = self.embed(x) if self.is_text else self.embed(x).flatten(2).transpose(1, 2)
            batch, length, width = y.shape
            q, k, v = self.qkv(self.norm1(y)).view(batch, length, 3, 4, 4).permute(2, 0, 3, 1, 4)
            scores = q @ k.transpose(-2, -1) / 2
            if self.is_text:
                scores = scores + torch.full((length, length), -1e9).triu(1)
            y = y + self.out((scores.softmax(-1) @ v).transpose(1, 2).reshape(batch, length, width))
            y = y + self.mlp(self.norm2(y))
            return self.head(y if self.is_text else y.mean(1))

    class Tagger(nn.Module):
        def __init__(self):
            super().__init__()
            self.embed, self.lstm = nn.Embedding(20, 8), nn.LSTM(8, 6, batch_first=True, bidirectional=True)
            self.head = nn.Linear(12, 5)

        def forward(self, words):
            return self.head(self.lstm(self.embed(words))[0])

    class UNet(nn.Module):
        def __init__(self):
            super().__init__()
            self.down1, self.down2 = nn.Conv2d(3, 6, 3, 1, 1), nn.Conv2d(6, 12, 3, 1, 1)
            self.up, self.last = nn.ConvTranspose2d(12, 6, 2, 2), nn.Conv2d(12, 2, 3, 1, 1)

        def forward(self, image):
            first = torch.relu(self.down1(image))
            second = torch.relu(self.down2(nn.functional.max_pool2d(first, 2)))
            return self.last(torch.cat([first, torch.relu(self.up(second))], 1))

    torch.manual_seed(0)
    image, words = torch.randn(2, 3, 16, 16), torch.randint(0, 20, (2, 7))
    return {
        "resnet": (Residual(), image, {}, {}),
        "vit": (Block(False), image, {}, {}),
        "lstm": (Tagger(), words, {}, {}),
        "gpt": (Block(True), words, {"x": {1: "length"}, "output": {1: "length"}}, {"length": 32}),
        "unet": (UNet(), image, {}, {}),
    }


@pytest.mark.full
@pytest.mark.filterwarnings("ignore")  # of torch.onnx, which speaks of its own future
@pytest.mark.parametrize("kind", ["resnet", "vit", "lstm", "gpt", "unet"])
def test_a_module_of_pytorch(kind):
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    module, x, open_axes, dims = modules()[kind]
    module.eval()
    model = fl.from_torch(module, x, train=False, open_axes=open_axes, dims=dims)
    expected = module(x)
    assert np.abs(model.predict(x.numpy()) - expected.detach().numpy()).max() <= 1e-4
    if dims:
        longer = torch.randint(0, 20, (3, 11))
        assert np.abs(model.predict(longer.numpy()) - module(longer).detach().numpy()).max() <= 1e-4
    target = torch.randn(expected.shape)
    before = model.weights()
    names = {name for name, _ in module.named_parameters()}
    assert names <= set(before)
    model.compile(fl.optimizers.SGD(1.0), "mse")  # so that a step changes weights by their gradients
    model.fit(x.numpy(), target.numpy(), batch_size=2, verbose=0)
    torch.nn.functional.mse_loss(module(x), target).backward()
    after = model.weights()
    for name, parameter in module.named_parameters():
        slope = parameter.grad.numpy()
        found = before[name] - after[name]
        assert np.abs(found - slope).max() <= 1e-3 * max(1e-2, np.abs(slope).max()), name


@pytest.mark.full
@pytest.mark.filterwarnings("ignore")
def test_batch_normalization_and_dropout_train_as_in_pytorch():
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    module, x, *_ = modules()["resnet"]
    model = fl.from_torch(module, x)
    target = torch.randn(2, 4)
    model.compile(fl.optimizers.SGD(0.0), "mse")
    model.fit(x.numpy(), target.numpy(), batch_size=2, verbose=0)
    module.train()
    module(x)
    found = model.weights()
    for name, buffer in module.named_buffers():
        if "running_mean" in name:
            np.testing.assert_allclose(found[name], buffer.numpy(), atol=1e-5, err_msg=name)
        if "running_var" in name:  # PyTorch's is that of a sample, n / (n - 1); the standard's that of the batch itself
            count = 2 * 8 * 8
            expected = 0.9 + (buffer.numpy() - 0.9) * (count - 1) / count
            np.testing.assert_allclose(found[name], expected, atol=1e-5, err_msg=name)
