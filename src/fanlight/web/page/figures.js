// What does it cost? The strip of live figures: bytes that the page sent (counted, not claimed), code, times, where it runs,
// and whether it still needs the network.

import { TYPES } from '../layout.js';
import { rowLength } from './app.js';
import { byId, bytes, duration } from './dom.js';

/** @typedef {import('./app.js').App} App */

let sent = 0;
let isCounting = false;

/** Counts the body of whatever this page hands to the network, by any of the four ways that scripts have. */
export function countBytesSent() {
  if (isCounting) return;
  isCounting = true;
  const count = (/** @type {any} */ body) => {
    if (body == null) return;
    sent += typeof body === 'string' ? new TextEncoder().encode(body).length : body.byteLength ?? body.size ?? `${body}`.length;
    byId('figure-sent').textContent = bytes(sent);
  };
  const wrap = (/** @type {any} */ holder, /** @type {string} */ name, /** @type {number} */ argument) => {
    const original = holder?.[name];
    if (!original) return;
    holder[name] = function counted(/** @type {any[]} */ ...values) {
      count(name === 'fetch' ? values[1]?.body : values[argument]);
      return original.apply(this, values);
    };
  };
  wrap(globalThis, 'fetch', 1);
  wrap(globalThis.XMLHttpRequest?.prototype, 'send', 0);
  wrap(globalThis.navigator, 'sendBeacon', 1);
  wrap(globalThis.WebSocket?.prototype, 'send', 0);
}

/** How many bytes were counted so far. */
export const bytesSent = () => sent;

/** @param {number} milliseconds @param {string} note */
export function showStep(milliseconds, note) {
  byId('figure-step').textContent = duration(milliseconds);
  byId('figure-step-note').textContent = note;
}

/** Fills the strip once the model is there. @param {App} app @param {boolean} isWhole whether all was fetched that may be needed later */
export async function startFigures(app, isWhole) {
  const { variant, thread } = app.model.diagnostics();
  if (!app.page.show.some((section) => /teach|train/.test(section))) byId('figure-step').parentElement?.remove();
  byId('figure-backend').textContent = 'WebAssembly';
  byId('figure-backend-note').textContent = `${variant === 'relaxed' ? 'relaxed ' : ''}SIMD${thread === 'worker' ? ', own thread' : ''}`;
  const online = () => {
    byId('figure-offline').textContent = isWhole ? 'Yes' : 'In part';
    byId('figure-offline-note').textContent = !isWhole ? 'not all could be fetched' : navigator.onLine ? 'cut the network and go on' : 'you are offline right now';
  };
  addEventListener('online', online);
  addEventListener('offline', online);
  online();
  const count = () => {
    const asked = performance.getEntriesByType('resource').map(({ name }) => name);
    byId('figure-sent-note').textContent = isOneFile() ? 'counted; it asks nobody' : `counted; asked for ${asked.length} own files`;
    showCode(app, asked);
  };
  count();
  new PerformanceObserver(count).observe({ type: 'resource' });
  app.on('timed', () => {
    const sorted = [...app.times].sort((a, b) => a - b);
    byId('figure-predict').textContent = duration(sorted[sorted.length >> 1]);
  });
  for (let i = 0; i < 9; i++) await app.predict(/** @type {any} */ (new TYPES[app.input.dtype](rowLength(app.input))));
}

export const isOneFile = () => document.documentElement.dataset.form === 'one-file';

/** How much code came, as the host may compress it. @param {App} app @param {string[]} asked addresses */
function showCode({ model }, asked) {
  const { manifest } = model;
  // The page and a worker's WebAssembly are not among what the page itself asked for.
  const came = new Set(['index.html', manifest.code[model.diagnostics().variant], ...asked.map((address) => address.replace(/.*\//, ''))]);
  const files = Object.entries(manifest.files).filter(([name]) => /\.(js|css|html|wasm|bin)$/.test(name) && came.has(name));
  const total = files.reduce((sum, [, { gzip }]) => sum + gzip, 0);
  byId('figure-code').textContent = bytes(isOneFile() ? new Blob([document.documentElement.outerHTML]).size : total);
  byId('figure-code-note').textContent = isOneFile() ? 'with network and examples' : 'compressed, all of it';
}
