// How long does one synchronous prediction of a tiny network take, warm? Fanlight's compiled code, bare and through its
// runtime, beside TensorFlow.js: what its users call, and the same network written by hand in its fused operations.

import { load } from './site/index.js';
import { callsIn, difference, interleave, openBare, median, report } from './measure.js';
import { sequential, tf, useBackend } from './contenders/tensorflow.js';

const BACKENDS = ['wasm', 'cpu'];
const TOLERANCE = 1e-5;

report(async ({ rounds, slice }) => {
  const model = await load();
  const state = await model.weights();
  const weights = ['hidden', 'probabilities'].flatMap((name) => [state[`${name}/kernel`], state[`${name}/bias`]]);
  const inputs = Array.from({ length: 64 }, (_, i) => Float32Array.from({ length: 4 }, (_, j) => Math.sin(1 + i * 4 + j) * 3));

  const bare = await openBare(new URL('site/', location.href), model, { batch: 1 });
  const { run, inputs: { x: input }, outputs: { probabilities: output } } = bare.functionOf('predict');
  const calls = {
    'Fanlight, function': (i) => {
      input.set(inputs[i % 64]);
      run(1);
      return output.slice();
    },
    'Fanlight, runtime': (i) => model.predictSync({ x: inputs[i % 64] }).probabilities,
  };
  const backends = {};
  for (const backend of BACKENDS) {
    await useBackend(backend);
    const { dense } = tf.layers;
    const peer = sequential([
      dense({ units: 10, inputShape: [4], activation: 'relu' }), dense({ units: 3, activation: 'softmax' }),
    ], weights);
    const [w0, b0, w1, b1] = peer.getWeights();
    const tensors = inputs.map((x) => tf.tensor(x, [1, 4]));
    calls[`TensorFlow.js, ${backend}`] = (i) => {
      const y = peer.predict(tensors[i % 64]);
      const values = y.dataSync();
      y.dispose();
      return values;
    };
    calls[`TensorFlow.js, ${backend}, by hand`] = (i) => tf.tidy(() => {
      const hidden = tf.fused.matMul({ a: tensors[i % 64], b: w0, bias: b0, activation: 'relu' });
      return tf.softmax(tf.fused.matMul({ a: hidden, b: w1, bias: b1 })).dataSync();
    });
    for (const name of [`TensorFlow.js, ${backend}`, `TensorFlow.js, ${backend}, by hand`]) backends[name] = backend;
  }
  const before = (name) => backends[name] && (() => useBackend(backends[name]));

  for (let i = 0; i < inputs.length; i++) {
    const expected = calls['Fanlight, function'](i);
    for (const name of Object.keys(calls)) {
      await before(name)?.();
      const worst = difference(calls[name](i), expected);
      if (!(worst < TOLERANCE)) throw new Error(`${name}: the output of input ${i} is wrong by ${worst}`);
    }
  }

  const contenders = {};
  for (const [name, call] of Object.entries(calls)) {
    await before(name)?.();
    contenders[name] = { run: call, calls: await callsIn(call, slice, 200), before: before(name) };
  }
  const times = await interleave(contenders, rounds);
  return {
    times, variant: model.diagnostics().variant,
    milliseconds: Object.fromEntries(Object.entries(times).map(([name, values]) => [name, median(values)])),
  };
});
