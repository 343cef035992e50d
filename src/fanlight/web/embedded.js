// Where are the files of a bundle that a browser's Python has made? Nowhere: it hands them over as bytes, with the text of the
// worker. Stands in for files.js; knows what engines/runtime.py sets.

/** @type {Record<string, () => string | Promise<Uint8Array>>} */
export const FILES = {};

export function startWorker() {
  const { worker } = /** @type {any} */ (globalThis).fanlightRuntime;
  return new Worker(URL.createObjectURL(new Blob([worker], { type: 'text/javascript' })));
}

export const startBlobWorker = startWorker;
