// How does a worker begin? From an address, or from a blob: a policy or another origin may forbid one of the two.

import { BrowserError } from './errors.js';

/** A worker that has begun, in the first way in which one does. @param {() => Worker} fromAddress @param {() => Worker} [otherwise] @returns {Promise<Worker>} */
export async function startAny(fromAddress, otherwise = () => fromBlob(fromAddress)) {
  let why;
  const starts = [fromAddress, otherwise];
  // A policy that stands in the page binds a worker from a blob; one from an address could reach any origin.
  if (globalThis.document?.querySelector('meta[http-equiv=Content-Security-Policy]')) starts.reverse();
  for (const start of starts) {
    try {
      const worker = start();
      await new Promise((resolve, reject) => {
        worker.onmessage = resolve;
        worker.onerror = reject;
      });
      return worker;
    } catch (error) {
      why = /** @type {Error} */ (error).message;
    }
  }
  throw new BrowserError(why || 'it was not loaded');
}

/** A worker may not come from another origin, but a blob that imports it may. A bundler knows the address only where `start`
 * has it, so the constructor is lent to it. In a sandboxed frame a blob may import only later. @param {() => Worker} start */
function fromBlob(start) {
  const { Worker } = globalThis;
  if (!Worker) return start();
  globalThis.Worker = /** @type {any} */ (function (/** @type {URL} */ address) {
    return new Worker(URL.createObjectURL(new Blob([`import("${address}").catch(reportError)`])));
  });
  try {
    return start();
  } finally {
    globalThis.Worker = Worker;
  }
}
