// In which order do calls run? One after the other, on the thread that holds the engine. A training is one long call, which
// takes in others between its steps: see train.js.

import { loadEngine, traffic } from './loader.js';

/** @typedef {(event: string, value: any) => Promise<unknown> | void} Emit */
/** @typedef {{ method: string, args: any[], emit: Emit, signal: AbortSignal, resolve: (value: any) => void, reject: (error: any) => void }} Job */
/** `fit`, `evaluate` or `steer` of train.js. @typedef {(method: string, session: Session, job: Job) => Promise<any>} Training */

export class Session {
  /** @type {any} */
  engine = {};
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

  /** @param {string} method of the engine, or load, fit, evaluate, steer @param {any[]} args @param {Emit} emit @param {AbortSignal} signal @returns {Promise<any>} */
  submit(method, args, emit, signal) {
    return new Promise(async (resolve, reject) => {
      this.waiting.push({ method, args, emit, signal, resolve, reject });
      this.wake();
      if (this.isRunning) return;
      this.isRunning = true;
      while (this.waiting.length) await this.next(0);
      this.isRunning = false;
    });
  }

  /** @param {number} place which of those that wait */
  next(place) {
    const [job] = this.waiting.splice(place, 1);
    return this.#do(job).then(job.resolve, job.reject);
  }

  /** @param {Job} job */
  async #do(job) {
    const { method, args, signal, emit } = job;
    if (method === 'load') {
      this.engine = await loadEngine(args[0], signal, (progress) => void emit('progress', progress));
      return { ...traffic, module: this.engine.module };
    }
    return this.engine[method] ? this.engine[method](...args) : this.training(method, this, job);
  }
}
