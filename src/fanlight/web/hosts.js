// On which thread does a session run? A host is the page's handle of it: `request` asks for something, `dispose` ends it.

import { BrowserError, unpack } from './errors.js';
import { startBlobWorker, startWorker } from './files.js';
import { Session } from './session.js';
import { startAny } from './start.js';

/** `onEvent` may be asynchronous; `false` from it ends a training, an error in it rejects the request.
 * @typedef {{ onEvent?: (event: string, value: any) => unknown, signal?: AbortSignal }} Listening */
/** @typedef {{ request: (method: string, args: any[], listening?: Listening) => Promise<any>, dispose?: () => void, session?: Session }} Host */

/** The page's ear for one request. @param {Listening} listening @param {() => void} stop */
function listen({ onEvent, signal }, stop) {
  /** @type {any} */
  let failure;
  const fail = (/** @type {any} */ error) => {
    failure = error;
    stop();
  };
  const abort = () => fail(signal?.reason);
  signal?.addEventListener('abort', abort);
  if (signal?.aborted) abort();
  return {
    /** @param {string} event @param {any} value */
    async hear(event, value) {
      try {
        if (await onEvent?.(event, value) === false) stop();
      } catch (error) {
        fail(error);
      }
    },
    /** Throws what came from the page's side. */
    end() {
      signal?.removeEventListener('abort', abort);
      if (failure) throw failure;
    },
  };
}

/** @returns {Host} a session on the calling thread */
export function startHere() {
  const session = new Session(async (...job) => (await import('./train.js')).training(...job), 0);
  return {
    session,
    async request(method, args, listening = {}) {
      const abort = new AbortController();
      const { hear, end } = listen(listening, () => abort.abort());
      try {
        return await session.submit(method, args, hear, abort.signal);
      } finally {
        end();
      }
    },
  };
}

/** @param {string[]} notes what went wrong is added @returns {Promise<Host | undefined>} a session in a worker */
export async function startInWorker(notes) {
  let why = 'none is offered';
  try {
    if (globalThis.Worker) return hostOf(await startAny(startWorker, startBlobWorker));
  } catch (error) {
    why = /** @type {Error} */ (error).message;
  }
  return void notes.push(`There is no worker (${why}): everything runs on the calling thread`);
}

/** @param {Worker} worker @returns {Host} */
function hostOf(worker) {
  /** @type {Map<number, ReturnType<typeof listen> & { heard: Promise<void>, resolve: (value: any) => void, reject: (error: any) => void }>} */
  const open = new Map();
  let last = 0;
  worker.onmessage = ({ data: { id, event, value, error } }) => {
    const request = open.get(id);
    if (!request) return;
    // The events of one request are heard in order, the answer last.
    request.heard = request.heard.then(async () => {
      if (event) {
        await request.hear(event, value);
        if (event === 'place') worker.postMessage({ id });
        return;
      }
      open.delete(id);
      request.end();
      if (error) throw unpack(error);
      request.resolve(value);
    }).catch(request.reject);
  };
  const end = (/** @type {string} */ why) => {
    worker.terminate();
    worker.postMessage = () => { throw new BrowserError(why); };
    for (const { reject } of open.values()) reject(new BrowserError(why));
  };
  worker.onerror = ({ message }) => end(`the worker stopped: ${message}`);
  return {
    request: (method, args, listening = {}) => new Promise((resolve, reject) => {
      const id = ++last;
      worker.postMessage({ id, method, args });
      open.set(id, { ...listen(listening, () => worker.postMessage({ id, isStop: true })), heard: Promise.resolve(), resolve, reject });
    }),
    dispose: () => end('the model was disposed'),
  };
}
