// What steers a training besides its numbers? Callbacks, weights of classes and samples, batches from a source, checkpoints.
// Fetched by learn.js where one of them is asked for. Callbacks run in the page, in their order, with Keras's meaning.

import { ShapeError, UnknownNameError } from './errors.js';
import { encode } from './inputs.js';
import { samples } from './learn.js';

/** @typedef {import('./runner.js').Runner} Runner */
/** @typedef {import('./hosts.js').Host} Host */
/** @typedef {import('./types.d.ts').Callback} Callback */
/** @typedef {import('./types.d.ts').Logs} Logs */
/** @typedef {import('./types.d.ts').History} History */
/** What hears of a training: `false` from one ends it. `prepare` may change the plan before it starts, `close` is called however it ends.
 * @typedef {{ history: History, plan: object, weights?: any, feed?: Feed, onBatchEnd?: (batch: number, logs: Logs) => unknown,
 *   onEpochEnd: (epoch: number, logs: Logs) => unknown, onPlace: (place: Place) => unknown, prepare: (plan: any) => unknown,
 *   onEnd: () => unknown, close: () => void }} Course */
/** How far an epoch is: steps, and sums of what they measured. Without `batch` the training begins there.
 * @typedef {{ epoch: number, batch?: number, sums?: Record<string, [number, number]> }} Place */
/** @typedef {{ encoded: undefined, rows: number, most: number, give: (host: Host, epoch: number) => void, close: () => void }} Feed */

const KNOWN = ['callbacks', 'classWeight', 'sampleWeight', 'stepsPerEpoch', 'checkpoint', 'resume'];

/** @param {{ runner: Runner, control: import('./learn.js').Control, id: number, options: any, more: any, targets: any, source: any }} asked @returns {Promise<Course>} */
export async function courseOf({ runner, control, id, options, more, targets, source }) {
  const unknown = Object.keys(more).filter((name) => !KNOWN.includes(name));
  if (unknown.length) throw new UnknownNameError(`fit expects no option ${unknown}`);
  const { callbacks = [], classWeight, sampleWeight, stepsPerEpoch, checkpoint, resume } = more;
  if (classWeight && sampleWeight) throw new UnknownNameError('fit expects classWeight or sampleWeight, got both');
  if (source && (sampleWeight || options.validationSplit)) throw new UnknownNameError('a source gives sampleWeight: fit expects none, no validationSplit');
  const { onBatchEnd, onEpochEnd } = options;
  /** @type {Callback[]} */
  const all = [...callbacks, { onBatchEnd, onEpochEnd }];
  const wrong = all.find((callback) => typeof callback !== 'object');
  if (wrong) throw new UnknownNameError(`callbacks: expected objects with onEpochEnd, got ${wrong}`);

  /** @type {any} */
  let failure;
  const stop = (/** @type {any} */ [error]) => {
    failure ??= error;
    control.hear(control.word = 'stop');
  };
  const weigh = (/** @type {any} */ to) => classWeight && weightsOf(runner, to, classWeight);
  const feed = source ? feedOf(runner, id, source, stepsPerEpoch, weigh, (error) => stop([error])) : undefined;
  /** @type {History} */
  const history = {};
  /** What callbacks see of the training. @type {import('./types.d.ts').FitContext} */
  const context = { model: control.model, epochs: options.epochs ?? 1, history, stop: () => stop([]) };
  /** Lets each callback hear, even where one wants the end. @param {keyof Callback} hook @param {...any} said */
  const tell = async (hook, ...said) => {
    let goesOn;
    for (const callback of all) if (await /** @type {any} */ (callback)[hook]?.(...said, context) === false) goesOn = false;
    return goesOn;
  };
  const keeping = checkpoint || resume
    ? await (await import('./checkpoint.js')).checkpointing(runner, { checkpoint, resume, callbacks, history, source, feed })
    : undefined;

  /** @type {Logs} */
  let last = {};
  return {
    history, feed, plan: { ...(feed && { batch: feed.most }), ...keeping?.plan },
    weights: source ? undefined : sampleWeight ?? weigh(targets),
    onBatchEnd: all.some((callback) => callback.onBatchEnd) ? (batch, logs) => tell('onBatchEnd', batch, logs) : undefined,
    async onPlace({ epoch, batch, sums }) {
      if (batch !== undefined) return keeping?.write({ epoch, batch, sums });
      await tell('onTrainBegin');
      await keeping?.begin();
      return keeping?.isWithin ? undefined : tell('onEpochBegin', epoch);
    },
    async onEpochEnd(epoch, logs) {
      const goesOn = await tell('onEpochEnd', epoch, logs);
      last = logs;
      await keeping?.onEpochEnd(epoch, logs);
      if (goesOn === false || control.word === 'stop' || epoch + 1 >= context.epochs) return goesOn;
      return tell('onEpochBegin', epoch + 1);
    },
    prepare: (plan) => {
      // Of training alone, as in Keras: what validates counts as it is.
      if (classWeight) plan.encoded?.arrays.sample_weight.fill(1, plan.trained);
      Object.assign(context, { batchSize: plan.batch, steps: stepsPerEpoch ?? (source ? undefined : Math.ceil(plan.trained / plan.batch)) });
      return keeping?.prepare(plan);
    },
    async onEnd() {
      if (failure) throw failure;
      await tell('onTrainEnd', last);
    },
    close() {
      feed?.close();
      keeping?.close();
    },
  };
}

/** A weight for each sample, by the class of its target: 1 where none is given, as in Keras. @param {Runner} runner @param {any} targets @param {Record<string, number>} classWeight */
function weightsOf(runner, targets, classWeight) {
  const names = runner.manifest.training?.target_names ?? [];
  if (names.length !== 1) throw new UnknownNameError(`classWeight: expected a model with one target, got ${names.join(', ')}; pass sampleWeight`);
  const { arrays: { [names[0]]: flat }, sizes } = encode(runner, 'train_step', targets, names);
  const classes = flat.length / sizes.batch;
  return Float32Array.from({ length: sizes.batch }, (_, i) => {
    const row = Array.from(flat.subarray(i * classes, (i + 1) * classes), Number);
    return classWeight[classes > 1 ? row.indexOf(Math.max(...row)) : Math.trunc(row[0])] ?? 1;
  });
}

/** Hands batches of a source to the thread that trains, one ahead of it. @param {Runner} runner @param {number} id @param {any} source @param {number | undefined} stepsPerEpoch
 * @param {(targets: any) => any} weigh @param {(error: any) => void} fail @returns {Feed & { skip: number }} */
function feedOf(runner, id, source, stepsPerEpoch, weigh, fail) {
  const most = runner.manifest.functions.train_step?.sizes.find(({ name }) => name === 'batch')?.high ?? Infinity;
  /** @type {AsyncIterator<any> | Iterator<any> | undefined} */
  let iterator;
  let taken = 0, isClosed = false;
  /** @type {Promise<any> | undefined} */
  let ahead;
  let turn = Promise.resolve();
  const pull = async (/** @type {number} */ epoch) => {
    if (!iterator) {
      const all = typeof source === 'function' ? await source(epoch) : source;
      iterator = /** @type {AsyncIterator<any>} */ ((all[Symbol.asyncIterator] ?? all[Symbol.iterator]).call(all));
    }
    const { value, done } = taken === stepsPerEpoch ? { value: undefined, done: false } : await iterator.next();
    if (done && !taken) throw new ShapeError(`epoch ${epoch + 1}: the source gave no batch; a generator runs once: pass the function that makes it`);
    if (done || taken === stepsPerEpoch) {
      if (done || typeof source === 'function') iterator = void iterator.return?.();
      taken = 0;
      return undefined;
    }
    taken++;
    return value;
  };
  const encoded = (/** @type {any} */ batch) => {
    const [inputs, targets, weights] = Array.isArray(batch) ? batch : [batch.inputs, batch.targets, batch.sampleWeight];
    const { encoded: data, rows } = samples(runner, 'train_step', inputs, targets, weights ?? weigh(targets));
    if (rows > most) throw new ShapeError(`a batch of the source: expected 1 to ${most} samples, got ${rows}`);
    return { data, start: 0, end: rows };
  };
  const make = async (/** @type {number} */ epoch) => {
    for (; feed.skip; feed.skip--) if (await pull(epoch) === undefined) return { start: 0, end: 0 };
    const batch = await pull(epoch);
    return batch === undefined ? { start: 0, end: 0 } : encoded(batch);
  };
  const feed = {
    encoded: undefined, rows: Infinity, most,
    /** Batches of the first epoch that were learnt before. */
    skip: 0,
    /** @param {Host} host @param {number} epoch */
    give(host, epoch) {
      turn = turn.then(async () => {
        if (isClosed) return;
        const next = await (ahead ?? make(epoch));
        ahead = next.end && !isClosed ? make(epoch) : undefined;
        // Heard of when its turn comes.
        ahead?.catch(() => {});
        await host.request('steer', [id, { next }]);
      }).catch(fail);
    },
    close() {
      isClosed = true;
      Promise.resolve(iterator?.return?.()).catch(() => {});
    },
  };
  return feed;
}
