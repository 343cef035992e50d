// What is a training? Epochs over shuffled samples, a step a batch, on the thread that holds the engine. Losses and metrics
// are means over the samples, as in Keras. Knows nothing of the page.

import { NonFiniteLossError } from './errors.js';
import { batchOf } from './layout.js';

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

/** Runs the short calls that wait, also those behind another training: the end of this one may depend on them. @param {Session} session */
async function serve(session) {
  for (let place; (place = session.waiting.findIndex(({ method }) => !/fit|evaluate/.test(method))) >= 0;) await session.next(place);
}

/** Runs the calls that come until the page has heard of an epoch: it may be saving. @param {Session} session @param {Promise<unknown> | void} heard */
async function serveUntil(session, heard) {
  let isHeard = false;
  const end = Promise.resolve(heard).then(() => { isHeard = true; });
  while (!isHeard) {
    await serve(session);
    await Promise.race([end, new Promise((resolve) => { session.wake = () => resolve(undefined); })]);
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

/** @param {Session} session @param {Job} job @returns {Promise<{ msPerStep: number, samplesPerSecond: number }>} */
export async function fitLoop(session, { args: [plan], emit, signal }) {
  const { engine } = session;
  const { encoded, rows, trained, epochs, first, shuffle, seed, batch, wantsBatches, validation } = plan;
  const data = { arrays: engine.prepared(encoded), sizes: encoded.sizes };
  const rest = resting(session);
  let steps = 0;
  let time = 0;
  let sent = performance.now();
  /** @type {[number, Logs][]} */
  let logs = [];

  for (let epoch = 0; epoch < epochs && !signal.aborted; epoch++) {
    const order = shuffle ? permutation(trained, seed, first + epoch) : undefined;
    const mean = meanOf(engine);
    for (let start = 0; start < trained && !signal.aborted; start += batch) {
      const began = performance.now();
      const now = Math.min(batch, trained - start);
      try {
        step(engine, 'train_step', data, start, now, order);
        mean.add(measured(engine, 'train_step'), now);
      } catch (error) {
        const at = { epoch, batch: start / batch, step: steps };
        throw error instanceof NonFiniteLossError ? new NonFiniteLossError(`epoch ${epoch + 1}, step ${start / batch + 1}: ${error.message}`, at) : error;
      }
      steps++;
      const ended = performance.now();
      time += ended - began;
      if (wantsBatches) {
        logs.push([start / batch, mean.value()]);
        if (ended - sent >= session.interval) {
          const ready = emit('batches', logs);
          logs = [];
          sent = ended;
          if (!session.interval) await ready;
        }
      }
      await rest();
    }
    if (logs.length) emit('batches', logs);
    logs = [];
    if (signal.aborted) break;
    const value = mean.value();
    const held = validation ?? (trained < rows && { encoded: data, rows, start: trained });
    if (held) {
      const found = await walk(session, { batch, ...held }, signal, rest);
      for (const [name, log] of Object.entries(found)) value[`val_${name}`] = log;
    }
    await serveUntil(session, emit('epoch', { epoch, logs: value }));
  }
  const msPerStep = steps ? time / steps : 0;
  return { msPerStep, samplesPerSecond: msPerStep ? 1000 * Math.min(batch, trained) / msPerStep : 0 };
}

/** @param {Session} session @param {Job} job @returns {Promise<Logs>} */
export async function evaluateLoop(session, { args: [plan], signal }) {
  return walk(session, plan, signal, resting(session));
}

/** The mean of each metric over samples. @param {Session} session @param {{ encoded: Encoded, rows: number, start?: number, batch: number }} plan @param {AbortSignal} signal @param {() => Promise<void>} rest @returns {Promise<Logs>} */
async function walk({ engine }, { encoded, rows, start = 0, batch }, signal, rest) {
  const data = { arrays: engine.prepared(encoded), sizes: encoded.sizes };
  const mean = meanOf(engine);
  for (; start < rows && !signal.aborted; start += batch) {
    const now = Math.min(batch, rows - start);
    step(engine, 'evaluate_step', data, start, now);
    mean.add(measured(engine, 'evaluate_step'), now);
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

/** The numbers that a step has just given. @param {Engine} engine @param {string} name @returns {Logs} */
function measured(engine, name) {
  const slots = engine.manifest.functions[name].outputs.filter((slot) => !slot.shape.length);
  return Object.fromEntries(slots.map((slot) => [slot.name, Number(engine.view(slot)[0])]));
}

/** @param {Engine} engine */
function meanOf({ manifest }) {
  /** @type {Record<string, [number, number]>} */
  const sums = {};
  return {
    /** @param {Logs} found @param {number} samples */
    add(found, samples) {
      for (const name of manifest.training?.outputs ?? []) {
        const [sum, count] = sums[name] ?? [0, 0];
        const isMean = found[`${name}/sum`] === undefined;
        sums[name] = isMean ? [sum + found[name] * samples, count + samples] : [sum + found[`${name}/sum`], count + found[`${name}/count`]];
      }
    },
    value: () => Object.fromEntries(Object.entries(sums).map(([name, [sum, count]]) => [name, sum / count])),
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
