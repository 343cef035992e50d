// Where are the files of the one-file form? In the page itself: each in a script element of a type that no browser runs,
// compressed and in base64. Stands in for files.js; knows what bundle/onefile.py writes.

/** @param {Element} element @returns {Promise<Uint8Array>} */
async function unpackFile({ textContent }) {
  const bytes = Uint8Array.from(atob(textContent ?? ''), (letter) => letter.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('gzip'));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/** @type {Record<string, () => string | Promise<Uint8Array>>} */
export const FILES = Object.fromEntries(Array.from(document.querySelectorAll('script[data-file]'), (element) =>
  [/** @type {HTMLElement} */ (element).dataset.file, () => unpackFile(element)]));

export function startWorker() {
  const source = document.querySelector('script[data-worker]')?.textContent ?? '';
  return new Worker(URL.createObjectURL(new Blob([source], { type: 'text/javascript' })));
}

export const startBlobWorker = startWorker;
