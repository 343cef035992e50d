"""Does a page train as Python does: the same order, the same means, the same stops? In Node."""

import json

import numpy as np
import pytest

from fanlight.training.shuffle import permutation, threefry
from web.browser import run_model, run_node
from web.hand_made import B, W
from web.rows import DATA, FILL, ROWS, TARGETS


def trained(order_of, epochs, rate=0.1, batch=4, rows=ROWS, targets=TARGETS):
    """Gradient descent in NumPy: the weights, the bias and the mean loss of each epoch."""
    w, b, losses = W.astype(np.float64), float(B), []
    for epoch in range(epochs):
        total, order = 0.0, order_of(epoch)
        for start in range(0, len(rows), batch):
            x, t = rows[order[start : start + batch]], targets[order[start : start + batch]]
            error = x @ w + b - t
            total += float((error**2).sum())
            w = w - rate * 2 * (x.T @ error) / len(x)
            b = b - rate * 2 * error.mean()
        losses.append(total / len(rows))
    return w, b, losses


def test_fit_is_gradient_descent_in_python_s_order(line_site):
    script = f"""
    {FILL}
    const history = await model.fit({{ x }}, {{ t }}, {{ epochs: 3, seed: 5 }});
    return {{ history, ...(await model.weights({{ all: true }})) }};"""
    found = run_model(line_site, script, DATA)
    w, b, losses = trained(lambda epoch: permutation(len(ROWS), 5, epoch), 3)
    np.testing.assert_allclose(found["history"]["loss"], losses, rtol=1e-4)
    np.testing.assert_allclose(found["w"], w, atol=1e-4)
    np.testing.assert_allclose(found["b"], [b], atol=1e-4)
    assert found["count"] == [18]


def test_without_a_seed_a_second_fit_goes_on_with_the_orders(line_site):
    script = f"""{FILL}
    await model.fit(x, t);
    return [await model.fit(x, t), await model.weights()];"""
    history, weights = run_model(line_site, script, DATA)
    w, _, losses = trained(lambda epoch: permutation(len(ROWS), 0, epoch), 2)
    np.testing.assert_allclose(weights["w"], w, atol=1e-4)
    np.testing.assert_allclose(history["loss"], losses[1:], rtol=1e-4)


def test_validation_leaves_out_the_last_rows(line_site):
    script = f"""{FILL}
    const history = await model.fit(x, t, {{ epochs: 2, shuffle: false, validationSplit: 0.25, batchSize: 3 }});
    const weights = await model.weights();
    const held = await model.evaluate(x.slice(4 * 17), t.slice(17), {{ batchSize: 2 }});
    await model.reset(1);
    const validationData = [x.slice(4 * 17), t.slice(17)];
    const other = await model.fit(x.slice(0, 4 * 17), t.slice(0, 17), {{ validationData }});
    return {{ history, weights, held, other: Object.keys(other) }};"""
    found = run_model(line_site, script, DATA)
    w, b, losses = trained(lambda _: np.arange(17), 2, batch=3, rows=ROWS[:17], targets=TARGETS[:17])
    np.testing.assert_allclose(found["history"]["loss"], losses, rtol=1e-4)
    loss = np.mean((ROWS[17:] @ w + b - TARGETS[17:]) ** 2)
    np.testing.assert_allclose(found["history"]["val_loss"][1], loss, rtol=1e-3)
    np.testing.assert_allclose(found["held"]["loss"], loss, rtol=1e-3)
    assert found["other"] == ["loss", "val_loss"]


def test_callbacks_hear_everything_in_order_and_can_end_a_training(line_site):
    script = f"""{FILL}
    const heard = [];
    const onBatchEnd = (batch, logs) => void heard.push([batch, Object.keys(logs)[0]]);
    await model.fit(x, t, {{ epochs: 2, onBatchEnd, onEpochEnd: async (epoch) => void heard.push(['epoch', epoch]) }});
    // The training waits for what is asked for while it is heard.
    await model.fit(x, t, {{ onEpochEnd: async () => void await model.save('buffer') }});
    const short = await model.fit(x, t, {{ epochs: 9, onEpochEnd: (epoch) => epoch < 1 }});
    const count = (await model.weights({{ all: true }})).count[0];
    await model.fit(x, t, {{ epochs: 9, onBatchEnd: (batch) => batch < 2 }});
    const more = (await model.weights({{ all: true }})).count[0] - count;
    const none = await model.fit(x, t, {{ epochs: 0 }});
    const fail = () => {{ throw new RangeError('mine'); }};
    const thrown = await caught(() => model.fit(x, t, {{ onEpochEnd: fail }}));
    return {{ heard, short: short.loss.length, more, none, thrown, stats: model.stats }};"""
    found = run_model(line_site, script, DATA)
    epoch = [[batch, "loss"] for batch in range(6)]
    assert found["heard"] == [*epoch, ["epoch", 0], *epoch, ["epoch", 1]]
    assert found["short"] == 2 and found["more"] == 3 and found["none"] == {}
    assert found["thrown"] == {"name": "RangeError", "message": "mine"}
    assert set(found["stats"]) == {"msPerStep", "samplesPerSecond"}


def test_a_signal_ends_a_training_and_keeps_what_was_learnt(line_site):
    script = f"""{FILL}
    const control = new AbortController();
    const {{ signal }} = control;
    const onEpochEnd = (epoch) => {{ if (epoch === 2) control.abort(); }};
    const first = await caught(() => model.fit(x, t, {{ epochs: 1e6, signal, onEpochEnd }}));
    const again = await caught(() => model.fit(x, t, {{ signal }}));
    const own = await caught(() => model.fit(x, t, {{ signal: AbortSignal.abort(new RangeError('mine')) }}));
    return [first.name, again.name, own.message, (await model.weights({{ all: true }})).count[0]];"""
    assert run_model(line_site, script, DATA) == ["AbortError", "AbortError", "mine", 18]


def test_waiting_calls_run_between_steps_on_the_newest_weights(line_site):
    script = f"""{FILL}
    const seen = [];
    const fit = model.fit(x, t, {{ epochs: 20000 }});
    for (let i = 0; i < 5; i++) {{
      seen.push([(await model.predict([1, 1, 1, 1])).y[0], (await model.weights({{ all: true }})).count[0]]);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }}
    const stop = model.setWeights({{ learning_rate: [0] }});
    await stop;
    const before = await model.weights();
    const history = await fit;
    return {{ seen, isSame: String(before.w) === String((await model.weights()).w), epochs: history.loss.length }};"""
    found = run_model(line_site, script, DATA)
    counts = [count for _, count in found["seen"]]
    assert counts == sorted(counts) and counts[0] < counts[-1], "calls waited for the end of the training"
    assert found["isSame"] and found["epochs"] == 20000


def test_calls_run_in_the_order_in_which_they_are_made(line_site):
    script = """
    const [before, , after, , reset] = await Promise.all([
      model.predict([1, 1, 1, 1]), model.setWeights({ w: [0, 0, 0, 0] }), model.predict([1, 1, 1, 1]),
      model.reset(3), model.predict([1, 1, 1, 1])]);
    return [before.y[0], after.y[0], reset.y[0]];"""
    assert run_model(line_site, script) == [10.5, 0.5, 12]


def test_a_loss_that_is_not_finite_stops_with_the_step_and_the_state_before_it(line_site):
    script = f"""{FILL}
    t[9] = NaN;
    const error = await caught(() => model.fit(x, t, {{ shuffle: false, epochs: 3 }}));
    const weights = await model.weights({{ all: true }});
    const step = await caught(() => model.trainStep(x.slice(32, 48), t.slice(8, 12)));
    return {{ error, weights, step, y: await model.predict([0, 0, 0, 0]) }};"""
    found = run_model(line_site, script, DATA)
    assert found["error"]["name"] == found["step"]["name"] == "NonFiniteLossError"
    assert found["error"]["message"].startswith("epoch 1, step 3: ")
    assert (found["error"]["step"], found["error"]["epoch"]) == (2, 0)
    assert found["weights"]["count"] == [2]
    assert found["y"]["y"] == found["weights"]["b"]


def test_train_step_gives_the_loss_before_the_update(line_site):
    script = f"""
    {FILL}
    const logs = await model.trainStep(x.slice(0, 16), t.slice(0, 4));
    return [logs, (await model.weights({{ all: true }})).count];"""
    logs, count = run_model(line_site, script, DATA)
    assert logs == {"loss": pytest.approx(np.mean((ROWS[:4] @ W + B - TARGETS[:4]) ** 2), rel=1e-5)}
    assert count == [1]


def test_the_seed_of_init_is_two_words_low_first(line_site):
    script = "await model.reset(3 * 2 ** 32 + 7); return model.weights()"
    assert run_model(line_site, script) == {"w": [7, 7, 7, 7], "b": [3]}


def test_the_shuffle_is_python_s(line_site):
    train = next(line_site.folder.glob("train.*.js"))
    script = f"""
    const {{ permutation, threefry }} = await import({json.dumps(train.as_uri())});
    const words = threefry([0x13198a2e, 0x03707344], 0x243f6a88, 0x85a308d3);
    return [given.map(([n, seed, epoch]) => permutation(n, seed, epoch)), words];"""
    cases = [(1, 0, 0), (17, 0, 3), (1000, 4294967295, 1), (300, 123456789, 70000)]
    orders, words = run_node(script, cases)
    assert orders == [permutation(*case) for case in cases]
    assert words == list(threefry((0x13198A2E, 0x03707344), (0x243F6A88, 0x85A308D3))) == [0xC4923A9C, 0x483DF7A0]
