// Where do the files of this bundle lie, and how is its worker started? An export writes one row a file, each a literal
// that Vite and webpack follow. The one-file form has inline.js in this place.

/** @type {Record<string, () => string | Promise<Uint8Array>>} */
export const FILES = {
  'fanlight.json': () => new URL('./fanlight.json', import.meta.url).href,
};

export const startWorker = () => new Worker(new URL('./worker.js', import.meta.url), { type: 'module' });

/** Where a worker from a blob has to begin in another way than start.js knows. @type {(() => Worker) | undefined} */
export const startBlobWorker = undefined;
