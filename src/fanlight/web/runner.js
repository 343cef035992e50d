// Who holds the state, and in which order are calls sent there? One host at a time; every call is posted after those
// before it. A training moves a small model from the page's thread into a worker: see learn.js.

import { FanlightError } from './errors.js';
import { startHere, startInWorker } from './hosts.js';
import { traffic } from './loader.js';

/** @typedef {import('./hosts.js').Host} Host */
/** @typedef {import('./loader.js').Source} Source */
/** @typedef {import('./hosts.js').Listening} Listening */

export class Runner {
  /** @type {string[]} */
  notes = [];
  stats = { msPerStep: 0, samplesPerSecond: 0 };
  epochs = 0;
  trainings = 0;
  isDisposed = false;
  /** @type {Promise<unknown>} */
  tail = Promise.resolve();
  /** meanings.js, where the manifest states meanings. @type {typeof import('./meanings.js') | undefined} */
  meanings;
  /** A worker with an engine. @type {Host | undefined} */
  worker;
  threads = 1;
  /** Set by threads.js: those who help once it is loaded, until it is disposed. @type {{ join: (source: Source, module: WebAssembly.Module) => void, leave: () => void } | undefined} */
  helpers;

  /** @param {Source} source @param {(name: string) => any} locate where another file is @param {'auto' | 'page' | 'worker'} thread */
  constructor(source, locate, thread) {
    this.source = source;
    /** What the calling thread loads, and what a worker does. */
    this.here = this.there = source;
    this.manifest = source.manifest;
    this.locate = locate;
    this.thread = thread;
    // An estimate of scalar operations at the most rows of a call: one core does some 20 million in a millisecond.
    const work = this.manifest.functions.predict?.operations ?? 0;
    this.isSmall = thread === 'auto' && work > 0 && work < 2e7;
    /** Where the state is; `home` is where it is while nothing trains. @type {Host} */
    this.host = this.home = startHere();
  }

  /** @param {Listening} listening */
  async start(listening) {
    const worker = this.isSmall ? undefined : await this.openWorker(listening);
    if (worker) this.host = this.home = worker;
    else await this.load(this.home, this.here, listening);
  }

  /** @param {Host} host @param {Source} source @param {Listening} [listening] */
  async load(host, source, listening) {
    const { module, ...more } = await host.request('load', [source], listening);
    this.helpers?.join(source, module);
    return more;
  }

  /** The worker, with an engine; started where there is none yet. @param {Listening} [listening] @returns {Promise<Host | undefined>} */
  async openWorker(listening) {
    if (this.worker || this.thread === 'page') return this.worker;
    const worker = await startInWorker(this.notes);
    if (!worker) this.thread = 'page';
    else {
      try {
        const more = await this.load(worker, this.there, listening);
        traffic.requests += more.requests;
        traffic.bytesReceived += more.bytesReceived;
        this.worker = worker;
      } finally {
        if (!this.worker) worker.dispose?.();
      }
    }
    return this.worker;
  }

  /** Posts a call after those before it. @template T @param {() => { reply: Promise<T> } | Promise<{ reply: Promise<T> }>} post @returns {Promise<T>} */
  async inOrder(post) {
    const posted = this.tail.then(() => {
      if (this.isDisposed) throw new FanlightError('the model was disposed');
      return post();
    });
    this.tail = posted.catch(() => {});
    return (await posted).reply;
  }

  /** @param {string} method @param {any[]} args @param {Listening} [listening] @returns {Promise<any>} */
  request(method, args, listening) {
    return this.inOrder(() => ({ reply: this.host.request(method, args, listening) }));
  }

  dispose() {
    this.isDisposed = true;
    this.worker?.dispose?.();
    this.helpers?.leave();
  }
}
