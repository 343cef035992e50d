// What does a page import? `load`, which turns the folder of this module (or another one) into a model, and the errors.
// Training and storage (learn.js) are fetched when they are first used; each function there runs in its place among the
// calls and gives { reply }.

import { BrowserError, ModelFormatError, UnknownNameError } from './errors.js';
import { FILES } from './files.js';
import { encode } from './inputs.js';
import { readManifest, traffic } from './loader.js';
import { Runner } from './runner.js';
import { startAny } from './start.js';
import { chooseVariant } from './variants.js';

export {
  BrowserError, DtypeError, FanlightError, IntegrityError, ModelFormatError, NonFiniteLossError, ShapeError, StorageError,
  UnknownNameError,
} from './errors.js';

/** @typedef {import('./types.d.ts').Inputs} Inputs */
/** @typedef {import('./types.d.ts').Input} Input */
/** @typedef {import('./types.d.ts').Arrays} Arrays */
/** @typedef {import('./types.d.ts').LoadOptions} LoadOptions */

/** Loads the model beside this module, from another folder or manifest, or from files that are at hand.
 * @param {any} [where] an address, { manifest, files }, or the options @param {LoadOptions} [options] @returns {Promise<import('./types.d.ts').Model>} */
export async function load(where, options) {
  if (where?.constructor === Object && !('manifest' in where)) [where, options] = [undefined, where];
  const { backend = 'auto', reproducible = false, thread = 'auto', threads = 'auto', signal, onProgress, ...unknown } = options ?? {};
  if (Object.keys(unknown).length || !/auto|wasm/.test(backend)) {
    throw new UnknownNameError(`load expects { backend: 'wasm', reproducible, thread, threads, signal, onProgress }, got ${JSON.stringify(options)}`);
  }
  // Beside this module. A cached one may be older than the manifest: what it does not know lies beside that.
  const beside = where ? '' : await FILES['fanlight.json']();
  const { manifest, locate } = beside
    ? { manifest: await readManifest(beside, signal), locate: (/** @type {string} */ name) => FILES[name]?.() ?? new URL(name, /** @type {string} */ (beside)).href }
    : await (await import('./find.js')).find(where, signal);
  if (manifest.format !== 1) throw new ModelFormatError(`expected a manifest of format 1, got ${manifest.format}; use the index.js of its export`);
  /** @type {import('./loader.js').Source} */
  const source = { manifest, files: {}, variant: chooseVariant(manifest.code, reproducible) };
  for (const name of [manifest.code[source.variant], ...manifest.weights]) source.files[name] = await locate(name);
  const runner = new Runner(source, locate, thread);
  if (threads !== 1 && !runner.isSmall && manifest.code['portable-threads']) await (await import('./threads.js')).share(runner, threads, startAny);
  if (Object.keys(manifest.meanings).length) runner.meanings = await import('./meanings.js');
  await runner.start({ signal, onEvent: (_, progress) => void onProgress?.(progress) });
  return /** @type {any} */ (new Model(runner));
}

/** A loaded model. Calls run in the order in which they are made. See types.d.ts for what each takes, and for
 * those of learn.js, which the constructor adds. */
class Model {
  #runner;
  /** The runtime reads its own files and sends nothing. @type {0} */
  bytesSent = 0;
  /** @type {'wasm'} */
  backend = 'wasm';

  /** @param {Runner} runner */
  constructor(runner) {
    this.#runner = runner;
    this.manifest = runner.manifest;
    this.name = runner.manifest.name;
    this.memory = runner.manifest.memory;
    /** Of the last training. */
    this.stats = runner.stats;
    /** Takes its place among the calls now, and runs what learn.js has for it. @type {(name: string, ...args: any[]) => Promise<any>} */
    const later = (name, ...args) => runner.inOrder(async () => /** @type {any} */ (await import('./learn.js'))[name](runner, ...args));
    for (const name of ['trainStep', 'evaluate', 'weights', 'setWeights', 'save', 'saved', 'restore', 'reset']) /** @type {any} */ (this)[name] = (/** @type {any[]} */ ...args) => later(name, ...args);
    /** A training, which can be held up. @param {any[]} args the samples, the targets and the options @returns {import('./types.d.ts').Run} */
    this.fit = (...args) => {
      const control = /** @type {any} */ ({ model: this, hear() {} });
      const run = /** @type {any} */ (later('fit', control, ...args));
      for (const word of ['pause', 'resume', 'stop']) run[word] = () => control.hear(control.word = word);
      return run;
    };
  }

  get requests() { return traffic.requests; }

  /** @param {Inputs | Input} inputs @returns {Promise<Arrays>} the outputs by name, copies */
  predict(inputs) { return this.call('predict', inputs); }

  /** `predict` on the calling thread. @param {Inputs | Input} inputs @returns {Arrays} */
  predictSync(inputs) {
    const { session } = this.#runner.host;
    if (!session) throw new BrowserError("the model is in a worker: await predict(), or load({ thread: 'page' })");
    return session.engine.call('predict', encode(this.#runner, 'predict', inputs));
  }

  /** Any exported function. @param {string} name @param {Inputs | Input} inputs @returns {Promise<Arrays>} */
  async call(name, inputs) { return this.#runner.request('call', [name, encode(this.#runner, name, inputs)]); }

  /** The arrays of a safetensors file of the bundle, such as its examples. @param {string} name @returns {Promise<Record<string, import('./types.d.ts').Shaped>>} */
  async arrays(name) { return (await import('./arrays.js')).readArrays(this.#runner, name); }

  /** Compares this device's results with the author's. @returns {Promise<import('./types.d.ts').SelfTest>} */
  async selfTest() { return (await import('./selftest.js')).selfTest(this.#runner); }

  /** @returns {import('./types.d.ts').Diagnostics} */
  diagnostics() {
    const { source: { variant }, home, threads, notes } = this.#runner;
    const { backend, memory, bytesSent } = this;
    return { backend, variant, thread: home.session ? 'page' : 'worker', threads, notes, crossOriginIsolated: !!globalThis.crossOriginIsolated, memory, ...traffic, bytesSent };
  }

  dispose() { this.#runner.dispose(); }
}
