// What is a training? Epochs over shuffled samples, a step a batch, on the thread that holds the engine. Losses and metrics
// are means over the samples, as in Keras. Knows nothing of the page.

import { NonFiniteLossError } from './errors.js';
import { featuresOf } from './features.js';
import { batchOf } from './layout.js';
import { letGo } from './release.js';

/** @typedef {import('./session.js').Session} Session */
/** @typedef {import('./session.js').Job} Job */
/** @typedef {import('./engine.js').Engine} Engine */
/** @typedef {import('./engine.js').Encoded} Encoded */
/** @typedef {import('./types.d.ts').Logs} Logs */

const REST = 4; // milliseconds of work between two looks at what waits

/** @type {MessageChannel | undefined} */
let channel;

/** Lets the thread see to other events; setTimeout would wait 4 ms longer each time. @returns {Promise<void>} */
const breathe = () => new Promise((resolve) => {
  if (typeof setImmediate === 'function') setImmediate(resolve);
  else {
    const { port1, port2 } = (channel ??= new MessageChannel());
    port1.onmessage = () => resolve();
    port2.postMessage(0);
  }
});

/** The place of a short call that waits, also behind another training: the end of this one may depend on it. @param {Session} session */
const short = (session) => session.waiting.findIndex(({ method }) => !/fit|evaluate/.test(method));

/** Runs the short calls that wait. @param {Session} session */
async function serve(session) {
  for (let at; (at = short(session)) >= 0;) await session.next(at);
}

/** Runs the calls that come until something is so. @param {Session} session @param {() => unknown} isSo */
async function serveUntil(session, isSo) {
  for (;;) {
    await serve(session);
    if (isSo()) return;
    // What came meanwhile has called the last wake.
    if (short(session) < 0) await new Promise((resolve) => { session.wake = () => resolve(0); });
  }
}

/** Gives way to waiting calls where it is time: they run on the newest weights. @param {Session} session */
function resting(session) {
  let last = performance.now();
  return async () => {
    if (performance.now() - last < REST) return;
    await breathe();
    await serve(session);
    last = performance.now();
  };
}

/** What the page says of a training: to pause, to go on, to stop, and its next batch. @typedef {{ word?: string, next?: any }} Said */
/** @type {Record<number, Said>} */
const sayings = {};

/** @param {number} id @param {Said} [said] */
const hear = (id, said) => (sayings[id] = Object.assign(sayings[id] ?? {}, said));

/** @type {Record<string, (session: Session, job: Job) => any>} */
const calls = { fit: fitLoop, evaluate: evaluateLoop, steer: (_, { args: [id, said] }) => void hear(id, said) };

/** @type {import('./session.js').Training} */
export const training = async (method, ...job) => calls[method](...job);

/** @param {Session} session @param {Job} job @returns {Promise<{ msPerStep: number, samplesPerSecond: number }>} */
async function fitLoop(session, { args: [plan], emit, signal }) {
  const { engine } = session;
  const { id, rows, trained, epochs, initial, first, shuffle, seed, batch, every, wantsBatches } = plan;
  const rest = resting(session);
  const said = hear(id);
  const isOver = () => signal.aborted || said.word === 'stop';
  const { kind, whole, apart } = await ready(engine, plan, signal, rest);
  plan.encoded = plan.validation = undefined; // what these were made from may go
  const held = apart ?? (trained < rows && { encoded: whole, rows, start: trained });
  signal.addEventListener('abort', () => session.wake());
  const send = () => {
    const all = logs;
    logs = [];
    return all.length ? emit('batches', all) : undefined;
  };
  /** Waits until the page has heard where the training is: it may be saving. @param {object} place */
  const tell = async (place) => {
    let isHeard = false;
    void Promise.resolve(emit('place', place)).then(() => {
      isHeard = true;
      session.wake();
    });
    await serveUntil(session, () => isHeard);
  };
  let steps = 0, samples = 0, time = 0;
  let sent = performance.now(), kept = sent;
  /** @type {[number, Logs][]} */
  let logs = [];
  let { from } = plan;

  await tell({ epoch: from?.epoch ?? initial });
  for (let epoch = from?.epoch ?? initial; epoch < epochs && !isOver(); epoch++) {
    const order = shuffle && whole ? permutation(trained, seed, first + epoch - initial) : undefined;
    const mean = meanOf(engine, from?.sums);
    let k = from?.batch ?? 0;
    from = undefined;
    if (!whole) emit('wanted', epoch);
    for (;; k++) {
      if (said.word === 'pause') await serveUntil(session, () => said.word !== 'pause' || signal.aborted);
      if (!whole) await serveUntil(session, () => said.next || isOver());
      if (isOver()) break;
      // Those of a source come one at a time; the next one is made during this step.
      const { data = whole, start = k * batch, end = trained } = said.next ?? {};
      said.next = undefined;
      if (start >= end) break;
      if (!whole) {
        data.arrays = engine.prepared(data);
        emit('wanted', epoch);
      }
      const began = performance.now();
      const now = Math.min(batch, end - start);
      try {
        step(engine, `train_${kind}`, data, start, now, order);
        mean.add(measured(engine, `train_${kind}`));
      } catch (error) {
        const at = { epoch, batch: k, step: steps };
        throw error instanceof NonFiniteLossError ? new NonFiniteLossError(`epoch ${epoch + 1}, step ${k + 1}: ${error.message}`, at) : error;
      }
      steps++;
      samples += now;
      const ended = performance.now();
      time += ended - began;
      if (wantsBatches) {
        logs.push([k, mean.value()]);
        if (ended - sent >= session.interval) {
          const ready = send();
          sent = ended;
          if (!session.interval) await ready;
        }
      }
      if (steps % every?.steps === 0 || ended - kept >= 1000 * every?.seconds) {
        await tell({ epoch, batch: k + 1, sums: mean.sums });
        kept = performance.now();
      }
      await rest();
    }
    send();
    if (isOver()) break;
    const value = mean.value();
    if (held) {
      const found = await walk(session, { batch, ...held }, signal, rest, kind);
      for (const [name, log] of Object.entries(found)) value[`val_${name}`] = log;
    }
    await tell({ epoch, logs: value });
  }
  run(engine, 'finalize');
  delete sayings[id];
  return { msPerStep: time / (steps || 1), samplesPerSecond: time && 1000 * samples / time };
}

/** What the steps take: features for those of a head, where they have room, else what the model sees. @param {Engine} engine @param {any} plan @param {AbortSignal} signal @param {() => Promise<void>} rest */
async function ready(engine, { encoded, validation }, signal, rest) {
  /** @type {Encoded[]} */
  const sets = [encoded, validation?.encoded].filter(Boolean);
  const features = encoded && await featuresOf(engine, sets, signal, rest);
  const made = features ?? sets.map((set) => ({ arrays: engine.prepared(set), sizes: set.sizes }));
  // Raw forms are copies that `encode` made, of pictures or rows.
  for (const { prepare = {} } of sets) for (const { raw } of Object.values(prepare)) letGo(Object.values(raw.arrays));
  return { kind: features ? 'head' : 'step', whole: encoded && made[0], apart: validation && { ...validation, encoded: made.at(-1) } };
}

/** @param {Session} session @param {Job} job @returns {Promise<Logs>} */
async function evaluateLoop(session, { args: [plan], signal }) {
  return walk(session, plan, signal, resting(session));
}

/** The mean of each metric over samples. @param {Session} session @param {{ encoded: Encoded, rows: number, start?: number, batch: number }} plan @param {AbortSignal} signal @param {() => Promise<void>} rest @param {string} [kind] @returns {Promise<Logs>} */
async function walk({ engine }, { encoded, rows, start = 0, batch }, signal, rest, kind = 'step') {
  const data = { arrays: engine.prepared(encoded), sizes: encoded.sizes };
  const mean = meanOf(engine);
  for (; start < rows && !signal.aborted; start += batch) {
    const now = Math.min(batch, rows - start);
    step(engine, `evaluate_${kind}`, data, start, now);
    mean.add(measured(engine, `evaluate_${kind}`));
    await rest();
  }
  return mean.value();
}

/** @param {Engine} engine @param {string} name @param {Encoded} data @param {number} start @param {number} samples @param {Uint32Array} [order] */
function step(engine, name, { arrays, sizes }, start, samples, order) {
  const spec = engine.manifest.functions[name];
  const now = { ...sizes, [batchOf(spec)]: samples };
  engine.place(spec, arrays, now, start, order);
  engine.run(name, now);
}

/** What a step has just given: numbers, and arrays such as a confusion matrix. @param {Engine} engine @param {string} name @returns {Record<string, any>} */
function measured(engine, name) {
  const { outputs } = engine.manifest.functions[name];
  return Object.fromEntries(outputs.map((slot) => [slot.name, slot.shape.length ? [...engine.view(slot)] : engine.view(slot)[0]]));
}

/** A function of state alone, where the model has it. @param {Engine} engine @param {string} name */
const run = (engine, name) => engine.manifest.functions[name] && engine.run(name, {});

/** Means over samples, and the last value of a metric with state, which begins anew. @param {Engine} engine @param {Record<string, [any, number]>} [begun] of an epoch that has begun */
function meanOf(engine, begun) {
  const { training } = engine.manifest;
  if (!begun) run(engine, 'reset_metrics');
  const sums = begun ?? {};
  return {
    sums,
    /** @param {Record<string, any>} found */
    add(found) {
      for (const name of training?.outputs ?? []) {
        const [sum, count] = sums[name] ?? [0, 0];
        sums[name] = `${name}/sum` in found ? [sum + found[`${name}/sum`], count + found[`${name}/count`]] : [found[name], 1];
      }
    },
    value: () => Object.fromEntries(Object.entries(sums).map(([name, [sum, count]]) => [name, sum.length ? sum : sum / (count || 1)])),
  };
}

/** The order of `n` samples in an epoch: by the first word of threefry2x32(key = (seed, epoch), counter = (i, 0)), as in Python.
 * @param {number} n @param {number} seed @param {number} epoch @returns {Uint32Array} */
export function permutation(n, seed, epoch) {
  const words = Uint32Array.from({ length: n }, (_, i) => threefry([seed, epoch], i, 0)[0]);
  return Uint32Array.from({ length: n }, (_, i) => i).sort((i, j) => words[i] - words[j] || i - j);
}

const ROTATIONS = [13, 15, 26, 6, 17, 29, 16, 24];

/** Threefry-2x32 with 20 rounds (Salmon et al., Parallel random numbers: as easy as 1, 2, 3, 2011).
 * @param {number[]} key @param {number} a @param {number} b @returns {[number, number]} */
export function threefry([k0, k1], a, b) {
  const keys = [k0, k1, k0 ^ k1 ^ 0x1bd11bda];
  a = (a + k0) | 0;
  b = (b + k1) | 0;
  for (let round = 0; round < 20; round++) {
    const by = ROTATIONS[round % 8];
    a = (a + b) | 0;
    b = ((b << by) | (b >>> (32 - by))) ^ a;
    if (round % 4 === 3) {
      const block = (round + 1) / 4;
      a = (a + keys[block % 3]) | 0;
      b = (b + keys[(block + 1) % 3] + block) | 0;
    }
  }
  return [a >>> 0, b >>> 0];
}
