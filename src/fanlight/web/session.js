// In which order do calls run? One after the other, on the thread that holds the engine. A training yields between its
// steps, and the calls that wait then run on the newest weights.

import { loadEngine, traffic } from './loader.js';

/** @typedef {(event: string, value: any) => Promise<unknown> | void} Emit */
/** @typedef {{ method: string, args: any[], emit: Emit, signal: AbortSignal, resolve: (value: any) => void, reject: (error: any) => void }} Job */
/** `fit` or `evaluate` of train.js. @typedef {(method: string, session: Session, job: Job) => Promise<any>} Training */

export class Session {
  /** @type {any} */
  engine;
  /** @type {Job[]} */
  waiting = [];
  isRunning = false;
  /** Called when something waits. */
  wake = () => {};

  /** @param {Training} training @param {number} interval milliseconds between messages to another thread */
  constructor(training, interval) {
    this.training = training;
    this.interval = interval;
  }

  /** @param {string} method of the engine, or load, fit, evaluate @param {any[]} args @param {Emit} emit @param {AbortSignal} signal @returns {Promise<any>} */
  submit(method, args, emit, signal) {
    return new Promise(async (resolve, reject) => {
      this.waiting.push({ method, args, emit, signal, resolve, reject });
      this.wake();
      if (this.isRunning) return;
      this.isRunning = true;
      while (this.waiting.length) await this.#next();
      this.isRunning = false;
    });
  }

  #next() {
    const job = /** @type {Job} */ (this.waiting.shift());
    return this.#do(job).then(job.resolve, job.reject);
  }

  /** @param {Job} job */
  async #do(job) {
    const { method, args, signal, emit } = job;
    if (method === 'load') {
      this.engine = await loadEngine(args[0], signal, (progress) => void emit('progress', progress));
      return traffic;
    }
    return isLong(job) ? this.training(method, this, job) : this.engine[method](...args);
  }

  /** Lets the thread breathe, then runs the short calls that wait. */
  async yield() {
    await breathe();
    await this.serve();
  }

  /** Runs the short calls that wait, up to the next long one. */
  async serve() {
    while (this.waiting.length && !isLong(this.waiting[0])) await this.#next();
  }
}

/** @param {Job} job */
const isLong = ({ method }) => method === 'fit' || method === 'evaluate';

/** @type {MessageChannel | undefined} */
let channel;

/** Waits for the events that are due; setTimeout would wait 4 ms longer each time. @returns {Promise<void>} */
const breathe = () => new Promise((resolve) => {
  if (typeof setImmediate === 'function') setImmediate(resolve);
  else {
    const { port1, port2 } = (channel ??= new MessageChannel());
    port1.onmessage = () => resolve();
    port2.postMessage(0);
  }
});
