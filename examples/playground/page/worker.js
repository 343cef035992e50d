// Where does Python run? In this worker: Pyodide, Fanlight's wheel and playground.py. A classic worker, started from a blob: so
// it is bound by the page's policy, and the runtime's scripts need no eval.
//
// In: { base, sizes, version, wheel, pyodide, interrupt }, then { run }, { stop }, { send, name }. Out: { kind, ... }: loading, ready, text, and what
// playground.py tells.

/* global loadPyodide */

let python;

/** Counts what is read, and keeps it for the next visit, also without a network, where the browser lets it. */
function countReads(base, sizes, version) {
  const fetchNow = globalThis.fetch;
  const total = Object.values(sizes).reduce((sum, size) => sum + size, 0);
  let done = 0;
  globalThis.fetch = async (request, options) => {
    const address = new URL(request.url ?? request, base).href;
    const name = address.startsWith(base) ? address.slice(base.length) : '';
    if (!(name in sizes)) return fetchNow(request, options);
    const kept = await globalThis.caches?.open(version).catch(() => undefined);
    let response = await kept?.match(address);
    if (!response) {
      response = await fetchNow(address);
      if (!response.ok) throw new Error(`${name}: the host answered ${response.status}`);
      kept?.put(address, response.clone()).catch(() => {});
    }
    const counted = response.body.pipeThrough(new TransformStream({
      transform(chunk, controller) {
        done += chunk.length;
        postMessage({ kind: 'loading', done, total });
        controller.enqueue(chunk);
      },
    }));
    return new Response(counted, { headers: { 'content-type': response.headers.get('content-type') ?? '' } });
  };
}

async function start({ base, sizes, version, wheel, pyodide, interrupt }) {
  countReads(base, sizes, version);
  const wheelRead = fetch(`${base}${wheel}`).then((response) => response.arrayBuffer());
  const moduleRead = fetch(`${base}playground.py`).then((response) => response.text());
  const sharedRead = fetch(`${base}rjsmin.py`).then((response) => response.text());
  importScripts(`${base}${pyodide}/pyodide.js`);
  python = await loadPyodide({ indexURL: `${base}${pyodide}/` });
  postMessage({ kind: 'loading', stage: 'Starting Python' });
  const write = (stream) => {
    const decoder = new TextDecoder();
    return { write: (bytes) => (postMessage({ kind: 'text', stream, text: decoder.decode(bytes, { stream: true }) }), bytes.length) };
  };
  python.setStdout(write('out'));
  python.setStderr(write('err'));
  if (interrupt) python.setInterruptBuffer(interrupt);
  const site = python.runPython('import site; site.getsitepackages()[0]');
  python.unpackArchive(await wheelRead, 'wheel', { extractDir: site });
  python.FS.writeFile(`${site}/playground.py`, await moduleRead);
  python.FS.writeFile(`${site}/rjsmin.py`, await sharedRead);
  globalThis.fanlightProgress = (progress) => postMessage({ kind: 'progress', ...progress });
  const { names, version: is } = JSON.parse(python.runPython('import importlib; importlib.invalidate_caches(); import playground; playground.ready()'));
  postMessage({ kind: 'ready', names, version: is });
}

onmessage = async ({ data }) => {
  try {
    if (data.base) await start(data);
    const module = python?.pyimport('playground');
    if (data.run !== undefined) await module.run(data.run);
    if (data.stop) module.stop();
    if (data.send) await module.send(data.send, data.name);
    module?.destroy();
  } catch (error) {
    postMessage({ kind: 'broken', text: error.message ?? String(error) });
  }
};
