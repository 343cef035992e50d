// How long does a training step take? Fanlight's compiled code, bare and through its runtime, beside TensorFlow.js on each
// backend that can do it. The first losses are compared before anything is timed. Knows no network.

import { load } from './site/index.js';
import { callsIn, difference, interleave, loadPeak, median, openBare } from './measure.js';
import { sequential, tf, useBackend } from './contenders/tensorflow.js';

const BACKENDS = ['wasm', 'webgl', 'cpu'];
const COMPARED = 4; // steps whose losses must agree
const TOLERANCE = 1e-3;

/** Batches of one input and its one-hot targets, in the order of their steps. */
async function batches(batch, { input, classes }) {
  const [inputs, targets] = await Promise.all(
    ['inputs.f32', 'targets.f32'].map(async (name) => new Float32Array(await (await fetch(name)).arrayBuffer())),
  );
  const count = targets.length / (batch * classes);
  const part = (array, i) => array.slice((i * array.length) / count, ((i + 1) * array.length) / count);
  return Array.from({ length: count }, (_, i) => ({ [input]: part(inputs, i), target: part(targets, i) }));
}

/** Fanlight's function alone: the batch is written, the loss is read. */
async function fanlightBare(site, model, data, batch) {
  const { functionOf } = await openBare(site, model, { batch });
  const { run, inputs, outputs } = functionOf('train_step');
  let at = 0;
  return () => {
    for (const [name, array] of Object.entries(data[at++ % data.length])) inputs[name].set(array);
    if (run(batch)) throw new Error('the loss is not finite');
    return outputs.loss[0];
  };
}

/** What a page calls. */
function fanlightRuntime(model, data) {
  let at = 0;
  return async () => {
    const { target, ...inputs } = data[at++ % data.length];
    return (await model.trainStep(inputs, target)).loss;
  };
}

/** TensorFlow.js on one backend: what its users call, until the new weights are there. */
async function tensorflow(backend, weights, data, batch, { input, shape, classes, layers }) {
  await useBackend(backend);
  const model = sequential(layers(tf.layers), weights);
  model.compile({ optimizer: tf.train.adam(), loss: 'categoricalCrossentropy' });
  const tensors = data.map((each) => [tf.tensor(each[input], [batch, ...shape]), tf.tensor(each.target, [batch, classes])]);
  const last = model.layers.at(-1).getWeights()[1];
  let at = 0;
  return async () => {
    const loss = await model.trainOnBatch(...tensors[at++ % tensors.length]);
    await last.data(); // a GPU may be late
    return loss;
  };
}

async function losses(step) {
  const found = [];
  for (let i = 0; i < COMPARED; i++) found.push(await step());
  return found;
}

/** `task`: the input's name and shape, the number of classes, the weights' names and TensorFlow.js's layers. */
export async function besideTensorflow({ rounds, batch, slice }, task) {
  const site = new URL('site/', location.href);
  const [model, data, peak] = [await load(), await batches(batch, task), await loadPeak()];
  const state = await model.weights();
  const weights = task.weights.map((name) => state[name]);

  const steps = { 'Fanlight, function': await fanlightBare(site, model, data, batch), 'Fanlight, runtime': fanlightRuntime(model, data) };
  const expected = await losses(steps['Fanlight, function']);
  const compared = { 'Fanlight, runtime': await losses(steps['Fanlight, runtime']) };
  const unable = {};
  const backends = {};
  for (const backend of BACKENDS) {
    const name = `TensorFlow.js, ${backend}`;
    try {
      const step = await tensorflow(backend, weights, data, batch, task);
      compared[name] = await losses(step);
      [steps[name], backends[name]] = [step, backend];
    } catch (error) {
      unable[name] = String(error?.message ?? error).split('\n')[0];
    }
  }
  for (const [name, found] of Object.entries(compared)) {
    const worst = difference(found, expected);
    if (!(worst < TOLERANCE)) throw new Error(`${name}: the losses ${found} differ from ${expected} by ${worst}`);
  }

  const contenders = { peak: { run: peak.run, calls: await callsIn(peak.run, slice, 100) } };
  for (const [name, step] of Object.entries(steps)) {
    const backend = backends[name];
    if (backend) contenders[name] = { run: step, calls: 1, before: () => useBackend(backend) };
    else contenders[name] = { run: step, calls: await callsIn(step, slice, 300) };
  }
  const times = await interleave(contenders, rounds);
  return {
    losses: { 'Fanlight, function': expected, ...compared }, unable, times,
    variant: model.diagnostics().variant,
    peak: peak.gflops(median(times.peak)),
    milliseconds: Object.fromEntries(Object.entries(times).map(([name, values]) => [name, median(values)])),
  };
}
