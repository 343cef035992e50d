// How does the page hold Python? In a worker that can be stopped: gently where it waits or listens, else it is ended and a new
// one started. Knows no program.

const PATIENCE = 700; // milliseconds in which a program that waits stops by itself

export class Python {
  /** @type {Worker | undefined} */
  worker;
  isReady = false;
  isRunning = false;
  /** What is to be run as soon as Python is there. @type {string | undefined} */
  #next;
  #patience;

  /** @param {{ sizes: Record<string, number>, version: string, wheel: string, pyodide: string, worker: string }} site
   * @param {(message: any) => void} hear */
  constructor(site, hear) {
    this.site = site;
    this.hear = hear;
    this.start();
  }

  start() {
    const { sizes, version, wheel, pyodide, worker } = this.site;
    this.isReady = this.isRunning = false;
    const address = URL.createObjectURL(new Blob([worker], { type: 'text/javascript' }));
    this.worker = new Worker(address);
    this.worker.onmessage = ({ data }) => this.#take(data);
    this.worker.onerror = ({ message }) => this.hear({ kind: 'broken', text: message });
    // A program that computes without pause hears of an interrupt through shared memory alone.
    this.interrupt = globalThis.crossOriginIsolated ? new Uint8Array(new SharedArrayBuffer(1)) : undefined;
    const base = new URL('./', document.baseURI).href;
    this.worker.postMessage({ base, sizes, version, wheel, pyodide, interrupt: this.interrupt });
  }

  #take(data) {
    if (data.kind === 'ready') this.isReady = true;
    if (data.kind === 'end') {
      this.isRunning = false;
      clearTimeout(this.#patience);
    }
    this.hear(data);
    if (data.kind === 'ready' && this.#next !== undefined) this.run(this.#next);
  }

  /** @param {string} text */
  run(text) {
    if (!this.isReady) {
      this.#next = text;
      return;
    }
    this.#next = undefined;
    this.isRunning = true;
    if (this.interrupt) this.interrupt[0] = 0;
    this.worker?.postMessage({ run: text });
  }

  stop() {
    this.#next = undefined;
    if (!this.isRunning) return;
    this.worker?.postMessage({ stop: true });
    this.#patience = setTimeout(() => {
      if (!this.interrupt) return this.#again();
      this.interrupt[0] = 2; // SIGINT
      this.#patience = setTimeout(() => this.#again(), PATIENCE);
      return undefined;
    }, PATIENCE);
  }

  /** Ends a worker that does not listen, and starts another. */
  #again() {
    this.worker?.terminate();
    this.hear({ kind: 'end', state: 'stopped', models: [], files: [] });
    this.hear({ kind: 'again' });
    this.start();
  }

  /** Asks for a file: of a model ("folder", "file"), or one that the program has "written". @param {string} what @param {string} name */
  send(what, name) {
    this.worker?.postMessage({ send: what, name });
  }
}
