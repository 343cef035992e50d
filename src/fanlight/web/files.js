// Where do the files of this bundle lie, and how is its worker started? An export writes one row a file, each a literal
// that Vite and webpack follow. The one-file form has inline.js in this place.

/** @type {Record<string, () => string | Promise<Uint8Array>>} */
export const FILES = {
  'fanlight.json': () => new URL('./fanlight.json', import.meta.url).href,
};

export const startWorker = () => new Worker(new URL('./worker.js', import.meta.url), { type: 'module' });

/** A worker may not come from another origin, but a blob that imports it may. A bundler knows the address only where it
 * is above, so the constructor is lent to it. In a sandboxed frame a blob may import only later. */
export function startBlobWorker() {
  const { Worker } = globalThis;
  globalThis.Worker = /** @type {any} */ (function (/** @type {URL} */ address) {
    return new Worker(URL.createObjectURL(new Blob([`import("${address}").catch(reportError)`])));
  });
  try {
    return startWorker();
  } finally {
    globalThis.Worker = Worker;
  }
}
