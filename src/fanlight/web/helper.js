// A thread that helps: it sleeps until a model of the page has work to share. The page's side is in threads.js.

/** @type {any} */
const port = /** @type {any} */ (globalThis).process?.getBuiltinModule?.('node:worker_threads').parentPort ?? globalThis;
const STOP = 76 / 4, BROKEN = 2;
/** @type {Map<number, { help: () => number, words: Int32Array }>} */
const models = new Map();
/** @type {Int32Array} */
let bell;
let own = 0, heard = 0;

/** Helps whoever rings, until there is a message. */
function listen() {
  for (;;) {
    const rung = Atomics.load(bell, 0);
    if (Atomics.load(bell, own) !== heard) return;
    let isBusy = 0;
    for (const [id, { help, words }] of models) {
      try {
        isBusy |= help();
      } catch {
        Atomics.compareExchange(words, STOP, 0, BROKEN);
        models.delete(id);
      }
    }
    if (!isBusy) Atomics.wait(bell, 0, rung);
  }
}

port.onmessage = (/** @type {any} */ { data: { id, module, memory, ...first } }) => {
  if (first.bell) [bell, own] = [first.bell, first.number];
  else if (!module) models.delete(id);
  else {
    const { exports } = new WebAssembly.Instance(module, { env: { memory, ring() {} } });
    models.set(id, { help: /** @type {any} */ (exports.help), words: new Int32Array(memory.buffer) });
  }
  heard++;
  listen();
};
port.postMessage(0);
