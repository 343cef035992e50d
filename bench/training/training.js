// How long does a training step of a small convolutional network take? Fanlight's compiled code, bare and through its
// runtime, beside TensorFlow.js on each backend that can do it. The first losses are compared before anything is timed.

import { load } from './site/index.js';
import { callsIn, difference, interleave, loadPeak, median, openBare, report } from './measure.js';
import { sequential, tf, useBackend } from './contenders/tensorflow.js';

const BACKENDS = ['wasm', 'webgl', 'cpu'];
const COMPARED = 4; // steps whose losses must agree
const TOLERANCE = 1e-3;

async function batches({ batch }) {
  const [images, targets] = await Promise.all(
    ['images.f32', 'targets.f32'].map(async (name) => new Float32Array(await (await fetch(name)).arrayBuffer())),
  );
  const count = targets.length / (batch * 10);
  const part = (array, i) => array.slice((i * array.length) / count, ((i + 1) * array.length) / count);
  return Array.from({ length: count }, (_, i) => ({ image: part(images, i), target: part(targets, i) }));
}

/** Fanlight's function alone: the batch is written, the loss is read. */
async function fanlightBare(site, model, data, batch) {
  const { functionOf, exports } = await openBare(site, model, { batch });
  const { run, inputs, outputs } = functionOf('train_step');
  let at = 0;
  const step = () => {
    const { image, target } = data[at++ % data.length];
    inputs.image.set(image);
    inputs.target.set(target);
    if (run(batch)) throw new Error('the loss is not finite');
    return outputs.loss[0];
  };
  return { step, exports };
}

/** What a page calls. */
function fanlightRuntime(model, data) {
  let at = 0;
  return async () => {
    const { image, target } = data[at++ % data.length];
    return (await model.trainStep({ image }, target)).loss;
  };
}

/** TensorFlow.js on one backend: what its users call, until the new weights are there. */
async function tensorflow(backend, weights, data, batch) {
  await useBackend(backend);
  const { layers } = tf;
  const model = sequential([
    layers.conv2d({ inputShape: [28, 28, 1], kernelSize: 5, filters: 8, activation: 'relu' }),
    layers.maxPooling2d({ poolSize: 2, strides: 2 }),
    layers.conv2d({ kernelSize: 5, filters: 16, activation: 'relu' }),
    layers.maxPooling2d({ poolSize: 2, strides: 2 }),
    layers.flatten(),
    layers.dense({ units: 10, activation: 'softmax' }),
  ], weights);
  model.compile({ optimizer: tf.train.adam(), loss: 'categoricalCrossentropy' });
  const tensors = data.map(({ image, target }) => [tf.tensor(image, [batch, 28, 28, 1]), tf.tensor(target, [batch, 10])]);
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

report(async ({ rounds, batch, slice }) => {
  const site = new URL('site/', location.href);
  const [model, data, peak] = [await load(), await batches({ batch }), await loadPeak()];
  const state = await model.weights();
  const weights = ['conv1', 'conv2', 'dense'].flatMap((name) => [state[`${name}/kernel`], state[`${name}/bias`]]);

  const steps = { 'Fanlight, function': (await fanlightBare(site, model, data, batch)).step, 'Fanlight, runtime': fanlightRuntime(model, data) };
  const expected = await losses(steps['Fanlight, function']);
  const compared = { 'Fanlight, runtime': await losses(steps['Fanlight, runtime']) };
  const unable = {};
  const backends = {};
  for (const backend of BACKENDS) {
    const name = `TensorFlow.js, ${backend}`;
    try {
      const step = await tensorflow(backend, weights, data, batch);
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
});
