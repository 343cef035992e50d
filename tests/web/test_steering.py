"""Can a training be held up, fed and heard as Keras's can? Pause, stop, callbacks, sources of batches. In Node, and
with callbacks beside Keras's own, on the same histories."""

import json

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from web.browser import run_model, run_node
from web.rows import DATA, FILL

CALLBACKS = "const parts = await import('./callbacks.js');"


def run(site, script: str, given=DATA):
    """As run_model, with what callbacks.js has as `parts`, and rows as `x` and `t`."""
    where = json.dumps((site.folder / "callbacks.js").as_uri())
    return run_model(site, f"const parts = await import({where}); {FILL if given is DATA else ''} {script}", given)


@pytest.mark.parametrize("thread", ["line_site", "small_site"])
def test_a_training_is_paused_goes_on_and_is_stopped(request, thread):
    script = """
    const steps = async () => (await model.weights({ all: true })).count[0];
    const rest = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
    const run = model.fit(x, t, { epochs: 1e9 });
    await rest(20);
    run.pause();
    await model.predict([1, 1, 1, 1]);
    const held = await steps();
    await rest(30);
    const still = await steps();
    run.resume();
    await rest(20);
    const more = await steps();
    run.stop();
    const history = await run;
    const after = await steps();
    run.pause(); run.stop();
    const before = model.fit(x, t, { epochs: 1e9 });
    before.stop();
    const none = await before;
    const paused = model.fit(x, t, { epochs: 1e9 });
    paused.pause();
    await rest(10);
    paused.stop();
    await paused;
    return { held, still, more, after, epochs: history.loss.length, none, now: await model.predict([0, 0, 0, 0]) };"""
    found = run(request.getfixturevalue(thread), script)
    assert found["held"] == found["still"] < found["more"] <= found["after"]
    assert found["epochs"] == found["after"] // 6 and found["none"] == {}


def test_a_paused_training_can_be_aborted(line_site):
    script = """
    const control = new AbortController();
    const run = model.fit(x, t, { epochs: 1e9, signal: control.signal });
    run.pause();
    setTimeout(() => control.abort(), 20);
    return (await caught(() => run)).name;"""
    assert run(line_site, script) == "AbortError"


def test_callbacks_hear_everything_in_order(line_site):
    script = """
    const heard = [];
    const hear = (name) => ({
      onTrainBegin: ({ epochs, steps, batchSize }) => void heard.push([name, 'begin', epochs, steps, batchSize]),
      onEpochBegin: (epoch) => void heard.push([name, 'epoch', epoch]),
      onBatchEnd: (batch, logs) => void heard.push([name, 'batch', batch]),
      onEpochEnd: (epoch, logs, { history }) => {
        logs.mine = epoch; heard.push([name, 'end', epoch, history.loss?.length ?? 0]); return epoch < 4; },
      onTrainEnd: (logs) => void heard.push([name, 'done', logs.mine]),
    });
    const options = { initialEpoch: 3, epochs: 9, batchSize: 4, callbacks: [hear('a'), hear('b')] };
    const history = await model.fit(x, t, options);
    const error = await caught(() => model.fit(x, t, { callbacks: [hear] }));
    const unknown = await caught(() => model.fit(x, t, { callback: [] }));
    return { heard, mine: history.mine, error, unknown };"""
    found = run(line_site, script)
    one = [[name, said, *more] for said, *more in [("begin", 9, 6, 4), ("epoch", 3)] for name in "ab"]
    batches = [[name, "batch", k] for k in range(6) for name in "ab"]
    ends = [["a", "end", 3, 0], ["b", "end", 3, 0], ["a", "epoch", 4], ["b", "epoch", 4]]
    last = [["a", "end", 4, 1], ["b", "end", 4, 1], ["a", "done", 4], ["b", "done", 4]]
    assert found["heard"] == [*one, *batches, *ends, *batches, *last]
    assert found["mine"] == [3, 4]
    assert "callbacks: expected objects" in found["error"]["message"]
    assert found["unknown"]["message"] == "fit expects no option callback"


def test_initial_epochs_go_on_with_the_orders(line_site):
    script = """
    const whole = await model.fit(x, t, { epochs: 5, seed: 7 });
    await model.reset(1);
    await model.setWeights({ w: [1, 2, 3, 4], b: [0.5] });
    const first = await model.fit(x, t, { epochs: 2, seed: 7 });
    const rest = await model.fit(x, t, { initialEpoch: 2, epochs: 5, seed: 7 });
    return [whole.loss, [...first.loss, ...rest.loss]];"""
    whole, parts = run(line_site, script)
    assert whole == parts


# Keras's decisions


class Optimizer:
    learning_rate = np.float32(0.1)


class Model:
    """As much of a Keras model as its callbacks ask for."""

    def __init__(self):
        self.optimizer, self.stop_training, self.metrics = Optimizer(), False, []
        self.epoch, self.restored = -1, None

    def get_weights(self):
        return self.epoch

    def set_weights(self, epoch):
        self.restored = epoch


def keras_decisions(callbacks, histories):
    """Per history: how many epochs ran, the learning rate after each, and the epoch whose weights came back."""
    found = []
    for values in histories:
        model = Model()
        for callback in callbacks:
            callback.set_model(model)
            callback.on_train_begin()
        rates = []
        for epoch, value in enumerate(values):
            model.epoch = epoch
            for callback in callbacks:
                callback.on_epoch_begin(epoch)
            for callback in callbacks:
                callback.on_epoch_end(epoch, {"val_loss": value, "val_accuracy": value})
            rates.append(float(np.float32(model.optimizer.learning_rate)))
            if model.stop_training:
                break
        for callback in callbacks:
            callback.on_train_end()
        found.append([rates, model.restored])
    return found


# The same in JavaScript, with a model that is no more than that.
DECIDE = """
const decisions = async (make, histories) => {
  const found = [];
  const callback = make();
  for (const values of histories) {
    const state = { rate: Math.fround(0.1), epoch: -1, restored: null };
    const model = {
      manifest: { state: [{ role: 'hyperparameter', name: 'optimizer/learning_rate' }] },
      weights: async () => ({ 'optimizer/learning_rate': [state.rate], epoch: state.epoch }),
      setWeights: async (arrays) => {
        if ('epoch' in arrays) state.restored = arrays.epoch;
        else state.rate = Math.fround(arrays['optimizer/learning_rate'][0]);
      },
    };
    const rates = [];
    await callback.onTrainBegin?.({ model });
    for (const [epoch, value] of values.entries()) {
      state.epoch = epoch;
      await callback.onEpochBegin?.(epoch, { model });
      const goesOn = await callback.onEpochEnd?.(epoch, { val_loss: value, val_accuracy: value }, { model });
      rates.push(state.rate);
      if (goesOn === false) break;
    }
    await callback.onTrainEnd?.({}, { model });
    found.push([rates, state.restored]);
  }
  return found;
};
"""

NAMES = {
    **{"patience": "patience", "min_delta": "minDelta", "mode": "mode", "baseline": "baseline", "monitor": "monitor"},
    **{"restore_best_weights": "restoreBestWeights", "start_from_epoch": "startFromEpoch"},
    **{"factor": "factor", "cooldown": "cooldown", "min_lr": "minLR"},
}
# Few values, so that what is equal or differs by min_delta comes up.
HISTORIES = st.lists(st.lists(st.sampled_from([0.1, 0.2, 0.25, 0.3, 0.5, 0.75]), max_size=14), min_size=1, max_size=3)
MONITOR = {"monitor": st.sampled_from(["val_loss", "val_accuracy"]), "mode": st.sampled_from(["min", "max"])}
STOPPING = st.fixed_dictionaries(
    MONITOR,
    optional={
        "patience": st.integers(0, 4),
        "min_delta": st.sampled_from([0, 0.05, -0.1]),
        "baseline": st.sampled_from([0.2, 0.4]),
        "restore_best_weights": st.booleans(),
        "start_from_epoch": st.integers(0, 4),
    },
)
PLATEAU = st.fixed_dictionaries(
    MONITOR,
    optional={
        "patience": st.integers(0, 3),
        "min_delta": st.sampled_from([0, 0.05]),
        "cooldown": st.integers(0, 3),
        "factor": st.sampled_from([0.5, 0.1]),
        "min_lr": st.sampled_from([0, 0.01, 0.03]),
    },
)


def in_page(site, name: str, options: list[dict], histories: list) -> list:
    named = [{NAMES[key]: value for key, value in each.items()} for each in options]
    script = f"""{DECIDE}
    const found = [];
    for (const [k, options] of given.options.entries()) {{
      found.push(await decisions(() => parts.{name}(options), given.histories[k]));
    }}
    return found;"""
    return run(site, script, {"options": named, "histories": histories})


@pytest.mark.parametrize(
    ("name", "Keras", "options"),
    [
        ("earlyStopping", keras.callbacks.EarlyStopping, STOPPING),
        ("reduceLROnPlateau", keras.callbacks.ReduceLROnPlateau, PLATEAU),
    ],
)
def test_callbacks_decide_as_keras_does(line_site, name, Keras, options):
    cases = []

    @settings(max_examples=150, database=None)
    @given(options, HISTORIES)
    def collect(options, histories):
        cases.append((options, histories))

    collect()
    # One callback serves several trainings, as Keras's does.
    expected = [keras_decisions([Keras(**options)], histories) for options, histories in cases]
    found = in_page(line_site, name, [options for options, _ in cases], [histories for _, histories in cases])
    for (options, histories), one, other in zip(cases, found, expected, strict=True):
        for got, wanted, values in zip(one, other, histories, strict=True):
            assert got[0] == pytest.approx(wanted[0], rel=1e-6), (options, values)
            assert got[1] == wanted[1], (options, values)


def test_a_schedule_sets_the_rate_of_each_epoch(line_site):
    script = """
    const log = parts.csvLogger();
    const past = parts.history();
    const callbacks = [parts.learningRateScheduler((epoch, rate) => (epoch ? rate / 2 : 0.01)), log, past];
    const { loss, learning_rate } = await model.fit(x, t, { epochs: 3, callbacks });
    const wrong = await caught(() => model.fit(x, t, { callbacks: [parts.learningRateScheduler(() => NaN)] }));
    return { loss, learning_rate, text: log.text, past: [past.epoch, past.history.loss], wrong };"""
    found = run(line_site, script)
    assert found["learning_rate"] == pytest.approx([0.01, 0.005, 0.0025], rel=1e-6)
    lines = found["text"].splitlines()
    assert lines[0] == "epoch,learning_rate,loss" and lines[3].startswith("2,0.0024")
    assert found["past"] == [[0, 1, 2], found["loss"]]
    assert "expected a number for epoch 0, got NaN" in found["wrong"]["message"]


def test_early_stopping_gives_the_best_weights_back(line_site):
    script = """
    const stop = parts.earlyStopping({ monitor: 'loss', patience: 2, restoreBestWeights: true });
    let kept;
    const spoil = { async onEpochEnd(epoch, logs, { model }) {
      if (epoch === 1) kept = await model.weights();
      if (epoch >= 2) logs.loss = 100; } };
    const { loss } = await model.fit(x, t, { epochs: 20, callbacks: [spoil, stop] });
    const now = await model.weights();
    const { best, bestEpoch, stoppedEpoch } = stop;
    const typo = await caught(() => model.fit(x, t, { callbacks: [parts.earlyStopping()] }));
    return { loss, best, bestEpoch, stoppedEpoch, same: String(kept.w) === String(now.w), typo };"""
    found = run(line_site, script)
    assert (found["bestEpoch"], found["stoppedEpoch"], len(found["loss"])) == (1, 3, 4)
    assert found["best"] == found["loss"][1] and found["same"]
    assert "expected monitor to be one of loss, got val_loss" in found["typo"]["message"]


def test_what_is_unclear_is_asked_for(line_site):
    script = """
    return [
      await caught(() => parts.earlyStopping({ monitor: 'happiness' })),
      await caught(() => parts.earlyStopping({ mode: 'up' })),
      await caught(() => parts.reduceLROnPlateau({ factor: 2 })),
      await caught(() => model.fit(x, t, { classWeight: { 0: 2 } })),
      await caught(() => model.fit(x, t, { sampleWeight: t })),
      await caught(() => model.evaluate(x, t, { sampleWeight: t })),
    ].map((error) => error?.message);"""
    found = run(line_site, script)
    expected = ["is less or more of", "mode: expected", "a factor below 1", *["takes no weights of samples"] * 3]
    for message, part in zip(found, expected, strict=True):
        assert part in message


# Sources


@pytest.mark.parametrize("thread", ["line_site", "small_site"])
def test_batches_from_a_source_train_as_arrays_do(request, thread):
    script = """
    const { w, b } = await model.weights();
    const rows = (k) => [x.slice(16 * k, 16 * k + 16), t.slice(4 * k, 4 * k + 4)];
    const whole = await model.fit(x, t, { epochs: 3, shuffle: false, batchSize: 4 });
    const runs = [];
    const anew = async (source, options = {}) => {
      await model.setWeights({ w, b });
      runs.push((await model.fit(source, { epochs: 3, ...options })).loss);
    };
    async function* slow() {
      for (let k = 0; k < 6; k++) { await new Promise((done) => setTimeout(done, 1)); yield rows(k); }
    }
    const epochs = [];
    await anew((epoch) => { epochs.push(epoch); return slow(); });
    await anew(() => Array.from({ length: 6 }, (_, k) => ({ inputs: { x: rows(k)[0] }, targets: rows(k)[1] })));
    let closed = 0;
    function* forever() { try { for (let k = 0; ; k++) yield rows(k % 6); } finally { closed++; } }
    await anew(forever(), { stepsPerEpoch: 6 });
    const once = await caught(() => model.fit(slow(), { epochs: 2 }));
    const thrown = await caught(() => model.fit(async function* () { yield rows(0); throw new RangeError('mine'); }));
    const large = await caught(() => model.fit(() => [[x, t]]));
    const typed = await caught(() => model.fit(() => [[x, t]], { validationSplit: 0.1 }));
    const stuck = model.fit(async function* () { yield rows(0); await new Promise(() => {}); });
    setTimeout(() => stuck.stop(), 20);
    return { whole: whole.loss, runs, epochs, closed, once, thrown, large, typed, stuck: await stuck };"""
    found = run(request.getfixturevalue(thread), script)
    assert found["runs"] == [found["whole"]] * 3 and found["epochs"] == [0, 1, 2] and found["closed"] == 1
    assert "epoch 2: the source gave no batch" in found["once"]["message"]
    assert found["thrown"] == {"name": "RangeError", "message": "mine"}
    assert "expected 1 to 4 samples, got 23" in found["large"]["message"]
    assert "no validationSplit" in found["typed"]["message"] and found["stuck"] == {}


def test_the_next_batch_is_made_during_a_step(line_site):
    script = """
    let made = 0;
    const ahead = [];
    function* source() { for (let k = 0; k < 8; k++) { made++; yield [x.slice(0, 16), t.slice(0, 4)]; } }
    await model.fit(() => source(), { onBatchEnd: (batch) => void ahead.push(made - batch) });
    return { made, ahead };"""
    found = run(line_site, script)
    assert found["made"] == 8 and max(found["ahead"]) >= 2


def test_every_part_has_its_types(line_site):
    names = run_node(f"return Object.keys(await import({json.dumps((line_site.folder / 'callbacks.js').as_uri())}));")
    types = (line_site.folder / "callbacks.d.ts").read_text()
    declared = (line_site.folder / "types.d.ts").read_text()
    assert all(name in types and f"export declare function {name}(" in declared for name in names)
