// Which threads help a model in its calls? A pool of workers that all models of the page share. A helper sleeps until a model
// rings; what it then does is in compiled code. Where there can be none, says so in plain words.

import { UnknownNameError } from './errors.js';

/** @typedef {import('./runner.js').Runner} Runner */
/** @typedef {{ worker: Worker, number: number, models: Set<Int32Array> }} Helper */

// More than these wait for memory, or are a phone's slow cores.
const MOST = 4;
// Words of a model's memory, and why its threads are to stop: ir/job.py.
const STOP = 76 / 4, TICKET = 128 / 4, DISPOSED = 1, BROKEN = 2;
const POOL = 64;
/** Word 0 is rung; word n counts the messages for helper n. @type {Int32Array} */
let bell;
/** @type {Set<Promise<Helper>>} */
const pool = new Set();
let numbers = 0, last = 0, isSaid = false;

/** Lets others help the model that is about to be loaded.
 * @param {Runner} runner @param {any} wanted how many threads, or 'auto' @param {typeof import('./start.js').startAny} startAny */
export async function share(runner, wanted, startAny) {
  const { manifest, source, notes } = runner;
  const { SharedArrayBuffer, Worker, crossOriginIsolated, document, navigator, process } = /** @type {any} */ (globalThis);
  const node = !Worker && process?.getBuiltinModule?.('node:worker_threads');
  // Only browsers say whether they are isolated; a server shares its cores when it is told to.
  const most = crossOriginIsolated === undefined ? 1 : Math.min(navigator.hardwareConcurrency || 1, MOST);
  const count = wanted === 'auto' ? most : wanted;
  if (!(count > 0 && count < POOL)) throw new UnknownNameError(`threads: expected 'auto' or 1 to ${POOL - 1}, got ${wanted}`);
  if (count < 2) return;
  const variant = `${source.variant}-threads`;
  const code = manifest.code[variant];
  /** @type {Helper[]} */
  let helpers = [];
  // The calling thread may wait for others unless it is the page's.
  const isHere = node || runner.thread === 'page', isWaiting = node || !isHere || !document;
  let why = 'a page may not wait';
  if (!node && !crossOriginIsolated) why = 'the page is not isolated (Cross-Origin-Opener-Policy: same-origin, Cross-Origin-Embedder-Policy: require-corp)';
  else if (!SharedArrayBuffer) why = 'this browser shares no memory';
  else if (isWaiting) {
    bell ??= new Int32Array(new SharedArrayBuffer(4 * POOL));
    while (pool.size < count - 1 && numbers < POOL - 1) start(startAny(node ? () => startInNode(node) : startHelper));
    const started = await Promise.allSettled([...pool].slice(0, count - 1));
    helpers = started.flatMap((each) => /** @type {any} */ (each).value ?? []);
    why = /** @type {any} */ (started[0]).reason?.message;
  }
  if (!helpers.length) {
    notes.push(`One thread runs the model: ${why}`);
    if (!isSaid) console.info(`Fanlight: ${notes.at(-1)}`);
    isSaid = true;
    return;
  }

  const { pages } = manifest.memory;
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
  const words = new Int32Array(memory.buffer);
  const id = ++last;
  const shared = { ...source, variant, files: { ...source.files, [code]: await runner.locate(code) }, shared: { memory, bell } };
  runner[isHere ? 'here' : 'there'] = shared;
  runner.helpers = {
    join(loaded, module) {
      if (loaded !== shared) return;
      for (const helper of helpers) {
        helper.models.add(words);
        post(helper, { id, module, memory });
      }
      runner.threads = helpers.length + 1;
    },
    leave() {
      halt(words, DISPOSED);
      for (const helper of helpers) {
        if (helper.models.delete(words)) post(helper, { id });
      }
    },
  };
}

/** Ends what waits for other threads of a model. @param {Int32Array} words @param {number} reason */
function halt(words, reason) {
  Atomics.compareExchange(words, STOP, 0, reason);
  Atomics.notify(words, TICKET);
}

const startHelper = () => new Worker(new URL('./helper.js', import.meta.url), { type: 'module' });

/** @param {any} threads Node's worker_threads @returns {any} what the page calls a worker */
function startInNode({ Worker }) {
  // Without the options of the process: some say how its own script is to be read.
  const worker = new Worker(new URL('./helper.js', import.meta.url), { execArgv: [] });
  worker.on('message', (/** @type {any} */ data) => worker.onmessage?.({ data }));
  worker.on('error', (/** @type {Error} */ error) => worker.onerror(error));
  return worker;
}

/** Adds a helper to the pool, until it fails. @param {Promise<Worker>} begun */
function start(begun) {
  const number = ++numbers;
  const starting = begun.then((worker) => {
    /** @type {Helper} */
    const helper = { worker, number, models: new Set() };
    worker.onerror = () => {
      for (const words of helper.models) halt(words, BROKEN);
      pool.delete(starting);
    };
    // A process ends though its helpers sleep.
    /** @type {any} */ (worker).unref?.();
    post(helper, { bell, number });
    return helper;
  });
  pool.add(starting);
  starting.catch(() => pool.delete(starting));
}

/** The helper sees that a message waits, and then the message. @param {Helper} helper @param {any} message */
function post({ worker, number }, message) {
  Atomics.add(bell, number, 1);
  Atomics.add(bell, 0, 1);
  Atomics.notify(bell, 0);
  worker.postMessage(message);
}
