// Is a photo sensitive? A worker looks at files, one after the other; the page asks and is answered.
//
//   const checker = await Checker.load();
//   const { words, isSensitive } = await checker.check(file);

import { judged } from './verdict.js';

export class Checker {
  #worker = workerOf('./judge.js');
  #waiting = new Map();
  #last = 0;

  /** `threads`: 1, or as many as the network may use. `onProgress({ loaded, total })`: bytes of the download. `onSent(bytes)`,
   * `onAsked(requests)`: what the worker sent and asked for. */
  static async load({ threads, ...listeners } = /** @type {any} */ ({})) {
    const checker = new Checker(listeners);
    checker.facts = (await checker.#ask({ load: { threads } })).facts;
    return checker;
  }

  constructor({ onProgress, onSent, onAsked }) {
    this.#worker.onmessage = ({ data: { id = 0, error, progress, sent, asked, ...answer } }) => {
      if (progress) return onProgress?.(progress);
      if (sent) return onSent?.(sent);
      if (asked) return onAsked?.(asked);
      const { resolve, reject } = this.#waiting.get(id);
      this.#waiting.delete(id);
      if (error) reject(new Error(error));
      else resolve(answer);
    };
    this.#worker.onerror = ({ message }) => {
      for (const { reject } of this.#waiting.values()) reject(new Error(message || 'the worker could not be started'));
      this.#waiting.clear();
    };
  }

  /** What a photo is taken for: `{ words, reasons, isSensitive, intimate, paper, scores, milliseconds, size, picture }`; `picture` is
   * a small ImageBitmap. @param {Blob} file */
  async check(file) {
    const answer = await this.#ask({ id: ++this.#last, file });
    return { ...answer, ...judged(answer.scores) };
  }

  #ask(message) {
    return new Promise((resolve, reject) => {
      this.#waiting.set(message.id ?? 0, { resolve, reject });
      this.#worker.postMessage(message);
    });
  }
}

/** A worker from a file is under the policy that the host sends with it, if any; one from a blob is under this page's. @param {string} file */
function workerOf(file) {
  const start = new Blob([`import ${JSON.stringify(new URL(file, import.meta.url).href)};`], { type: 'text/javascript' });
  return new Worker(URL.createObjectURL(start), { type: 'module' });
}
