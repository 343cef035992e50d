// How is a model trained and changed from the page? What the user passed becomes arrays, and the thread that holds the
// model is asked. The loop over the steps is in train.js.

import { ShapeError, UnknownNameError } from './errors.js';
import { convert, encode, functionOf } from './inputs.js';
import { batchOf, count } from './layout.js';

export { restore, save, saved } from './storage.js';

/** @typedef {import('./runner.js').Runner} Runner */
/** @typedef {import('./types.d.ts').Manifest} Manifest */
/** @typedef {import('./types.d.ts').Arrays} Arrays */
/** @typedef {import('./types.d.ts').Logs} Logs */
/** @typedef {import('./types.d.ts').History} History */
/** @typedef {import('./types.d.ts').FitOptions} FitOptions */
/** @typedef {import('./engine.js').Encoded} Encoded */
/** What the page says of a training: see index.js. @typedef {{ model: any, word?: string, hear: (word: string) => void }} Control */

/** Samples and targets as a function takes them. @param {Runner} runner @param {string} name @param {any} inputs @param {any} targets @param {any} [weights] of samples, all 1 by default */
export function samples(runner, name, inputs, targets, weights) {
  const spec = functionOf(runner.manifest, name);
  const { training } = runner.manifest;
  const x = encode(runner, name, inputs, training?.input_names);
  const y = encode(runner, name, targets, training?.target_names);
  const batch = batchOf(spec);
  const rows = x.sizes[batch];
  const sizes = { ...y.sizes, ...x.sizes };
  const weighted = spec.inputs.filter((slot) => slot.name.startsWith('sample_weight'));
  if (weights && !weighted[0]) throw new UnknownNameError(`${name} takes no weights of samples`);
  weights ??= Object.fromEntries(weighted.map((slot) => [slot.name, new Float32Array(count(slot.shape, sizes)).fill(1)]));
  const w = encode(runner, name, weights, weighted.map((slot) => slot.name));
  for (const side of [y, w]) if (rows !== (side.sizes[batch] ?? rows)) throw new ShapeError(`${name}: got ${rows} samples and ${side.sizes[batch]} targets or weights`);
  /** @type {Encoded} */
  const encoded = { arrays: { ...x.arrays, ...y.arrays, ...w.arrays }, sizes, prepare: { ...x.prepare, ...y.prepare } };
  return { encoded, rows, most: spec.sizes.find((size) => size.name === batch)?.high ?? rows };
}

/** @param {Manifest} manifest @param {number} most @param {number} [batchSize] */
function batchOfSteps(manifest, most, batchSize) {
  const size = batchSize ?? Math.min(manifest.training?.batch ?? 32, most);
  if (!(Number.isInteger(size) && size > 0 && size <= most)) throw new ShapeError(`batchSize: expected 1 to ${most}, got ${size}; batch_size in Python sets the limit`);
  return size;
}

let trainings = 0;

/** @param {Runner} runner @param {Control} control @param {any} inputs @param {any} targets @param {any} [options] a FitOptions; in the place of the targets after a source @returns {Promise<{ reply: Promise<History> }>} */
export async function fit(runner, control, inputs, targets, options = {}) {
  const { manifest } = runner;
  const isSource = typeof inputs === 'function' || inputs?.next || inputs?.[Symbol.asyncIterator];
  if (isSource) options = targets ?? {};
  /** @type {FitOptions} */
  const {
    epochs = 1, initialEpoch, batchSize, shuffle = true, seed, firstEpoch, validationSplit = 0, validationData, onBatchEnd, onEpochEnd, signal, ...more
  } = options;
  const id = ++trainings;
  /** What hears of the training and says how it goes; what else is asked for is fetched. @type {Partial<import('./course.js').Course>} */
  const course = isSource || Object.keys(more).length
    ? await (await import('./course.js')).courseOf({ runner, control, id, options, more, targets, source: isSource && inputs })
    : { onBatchEnd, onEpochEnd };
  if (!(validationSplit >= 0 && validationSplit < 1)) throw new ShapeError(`validationSplit: expected 0 to 1, got ${validationSplit}`);
  const { encoded, rows, most } = course.feed ?? samples(runner, 'train_step', inputs, targets, course.weights);
  const validation = validationData && samples(runner, 'evaluate_step', validationData[0], validationData[1], validationData[2]);
  const trained = validationData ? rows : Math.floor(rows * (1 - validationSplit));
  if (!trained) throw new ShapeError(`validationSplit: ${validationSplit} of ${rows} samples leaves none to train on`);
  if (trained < rows) functionOf(manifest, 'evaluate_step');
  const { history = {} } = course;
  const plan = {
    id, encoded, rows, trained, validation, epochs, shuffle, batch: batchOfSteps(manifest, most, batchSize), initial: initialEpoch ?? 0,
    // With a seed every training is the same; without one, a second one goes on with other orders.
    seed: seed ?? 0, first: firstEpoch ?? initialEpoch ?? (seed === undefined ? runner.epochs : 0), wantsBatches: !!course.onBatchEnd, ...course.plan,
  };
  await course.prepare?.(plan);
  const { reply, host } = await train(runner, plan, {
    signal,
    async onEvent(event, value) {
      if (event === 'wanted') return void course.feed?.give(host, value);
      if (event === 'batches') {
        for (const [batch, logs] of value) if (await course.onBatchEnd?.(batch, logs) === false) return false;
        return undefined;
      }
      const { epoch, logs } = value;
      if (!logs) return course.onPlace?.(value);
      runner.epochs++;
      const goesOn = await course.onEpochEnd?.(epoch, logs);
      for (const [name, log] of Object.entries(logs)) (history[name] ??= []).push(log);
      return goesOn;
    },
  });
  control.hear = (word) => void host.request('steer', [id, { word }]);
  if (control.word) control.hear(control.word);
  const done = async () => {
    try {
      Object.assign(runner.stats, await reply);
      await course.onEnd?.();
      return history;
    } finally {
      control.hear = () => {};
      course.close?.();
    }
  };
  return { reply: done() };
}

/** Copies the state to another host, which then holds it. @param {Runner} runner @param {import('./hosts.js').Host} to */
async function move(runner, to) {
  await to.request('write', [await runner.host.request('read', [])]);
  runner.host = to;
}

/** Runs a training in the worker, wherever the model is at home. @param {Runner} runner @param {object} plan @param {import('./hosts.js').Listening} listening */
async function train(runner, plan, listening) {
  const worker = runner.host.session && await runner.openWorker();
  if (worker) await move(runner, worker);
  runner.trainings++;
  const { host } = runner;
  const reply = host.request('fit', [plan], listening).finally(() => {
    if (!--runner.trainings && runner.host !== runner.home && !runner.isDisposed) {
      return runner.inOrder(async () => ({ reply: Promise.resolve(await move(runner, runner.home)) }));
    }
    return undefined;
  });
  return { reply, host };
}

/** @param {Runner} runner @param {any} inputs @param {any} targets @returns {{ reply: Promise<Logs> }} */
export function trainStep(runner, inputs, targets) {
  const { encoded, rows, most } = samples(runner, 'train_step', inputs, targets);
  batchOfSteps(runner.manifest, most, rows);
  const { functions, training } = runner.manifest;
  const logs = (/** @type {Record<string, any>} */ outputs) => Object.fromEntries((training?.outputs ?? []).map((name) => {
    const [value, sum, rows] = ['', '/sum', '/count'].map((part) => outputs[name + part]);
    return [name, sum ? sum[0] / (rows[0] || 1) : value.length > 1 ? value : value[0]];
  }));
  if (functions.reset_metrics) void runner.host.request('call', ['reset_metrics', { arrays: {}, sizes: {} }]);
  return { reply: runner.host.request('call', ['train_step', encoded]).then(logs) };
}

/** @param {Runner} runner @param {any} inputs @param {any} targets @param {{ batchSize?: number, sampleWeight?: any, signal?: AbortSignal }} [options] @returns {{ reply: Promise<Logs> }} */
export function evaluate(runner, inputs, targets, { batchSize, sampleWeight, signal } = {}) {
  const { encoded, rows, most } = samples(runner, 'evaluate_step', inputs, targets, sampleWeight);
  const plan = { encoded, rows, batch: batchOfSteps(runner.manifest, most, batchSize) };
  return { reply: runner.host.request('evaluate', [plan], { signal }) };
}

/** @param {Runner} runner @param {string} name */
function slotOf({ manifest: { state } }, name) {
  const slot = state.find((known) => known.name === name);
  if (slot) return slot;
  throw new UnknownNameError(`the model has no state "${name}", only ${state.map((known) => known.name).join(', ')}`);
}

/** @param {Runner} runner @param {{ all?: boolean, names?: string[] }} [options] @returns {{ reply: Promise<Arrays> }} copies of the state, by name */
export function weights(runner, { all = false, names } = {}) {
  const wanted = names?.map((name) => slotOf(runner, name)) ?? runner.manifest.state.filter(({ role }) => all || role === 'parameter' || role === 'statistic');
  return { reply: runner.host.request('read', [wanted.map((slot) => slot.name)]) };
}

/** @param {Runner} runner @param {Record<string, any>} arrays @returns {{ reply: Promise<void> }} */
export function setWeights(runner, arrays) {
  /** @type {Arrays} */
  const checked = {};
  for (const [name, value] of Object.entries(arrays)) {
    const slot = slotOf(runner, name);
    const flat = convert(Array.isArray(value) ? value.flat(Infinity) : ArrayBuffer.isView(value) ? /** @type {any} */ (value) : [value], slot);
    if (flat.length !== count(slot.shape, {})) throw new ShapeError(`"${name}" expects ${slot.dtype} [${slot.shape}], got ${flat.length} values`);
    checked[name] = flat;
  }
  return { reply: runner.host.request('write', [checked]) };
}

/** New initial state. The key is the low and the high word of the seed, as in Python. @param {Runner} runner @param {number} [seed] @returns {{ reply: Promise<unknown> }} */
export function reset(runner, seed = 0) {
  const [input] = functionOf(runner.manifest, 'init').inputs;
  runner.epochs = 0;
  const arrays = { [input?.name]: Uint32Array.of(seed, Math.floor(seed / 0x100000000)) };
  return { reply: runner.host.request('call', ['init', { arrays, sizes: {} }]) };
}
