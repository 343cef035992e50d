// How do files arrive and become an engine? Fetched beside the manifest, counted, verified, and placed. A file that is not
// what the manifest states is asked for once more, past the cache.

import { Engine } from './engine.js';
import { BrowserError, FanlightError, IntegrityError, ModelFormatError } from './errors.js';
import { sha256 } from './integrity.js';
import { TYPES, count, joined, toBytes } from './layout.js';
import { inflated } from './packed.js';
import { readSafetensors } from './safetensors.js';

/** @typedef {import('./types.d.ts').Manifest} Manifest */
/** @typedef {import('./types.d.ts').Arrays} Arrays */
/** What a thread needs to make an engine; `files` maps a name to an address or to the bytes.
 * @typedef {{ manifest: Manifest, files: Record<string, string | Blob | BufferSource>, variant: string, shared?: Shared }} Source */
/** What threads of one model have in common: see threads.js. @typedef {{ memory?: WebAssembly.Memory, bell?: Int32Array }} Shared */
/** @typedef {(bytes: number) => void} OnBytes */

/** What was asked for: here, and added by the page, in its workers. */
export const traffic = { requests: 0, bytesReceived: 0 };

/** @param {string} address @param {RequestCache} cache @param {AbortSignal} [signal] @param {OnBytes} [onBytes] @returns {Promise<Uint8Array>} */
export async function fetchBytes(address, cache, signal, onBytes) {
  if (address.startsWith('file:')) {
    // Node alone has this; an import of node:fs would stop bundlers.
    const fs = /** @type {any} */ (globalThis).process?.getBuiltinModule?.('node:fs');
    if (!fs) throw new BrowserError('a page from disk may not read files: run fanlight serve DIR, or export one HTML file');
    return toBytes(await fs.promises.readFile(new URL(address)));
  }
  // Bundlers write small files into the code; a policy may forbid to fetch such an address.
  const [, base64] = address.split(';base64,');
  if (base64) return Uint8Array.from(atob(base64), (char) => char.charCodeAt(0));
  traffic.requests++;
  const { ok, status, body } = /** @type {any} */ (await fetch(address, { cache, signal }));
  if (!ok) throw new Error(`the host answered ${status}`);
  const parts = [], reader = body.getReader();
  for (let value; { value } = await reader.read(), value;) {
    parts.push(value);
    traffic.bytesReceived += value.length;
    onBytes?.(value.length);
  }
  return joined(parts, Uint8Array);
}

/** @param {string} name @param {(cache: RequestCache) => Promise<Uint8Array>} attempt @param {RequestCache[]} caches tried in turn @returns {Promise<Uint8Array>} */
async function attempts(name, attempt, [cache, ...rest]) {
  try {
    return await attempt(cache);
  } catch (error) {
    const { name: kind, message } = /** @type {Error} */ (error);
    if (/Abort|Browser/.test(kind)) throw error;
    if (rest.length) return attempts(name, attempt, rest);
    throw error instanceof FanlightError ? error : new IntegrityError(`${name} could not be read: ${message}`);
  }
}

/** @param {string | Uint8Array} place its address, or its bytes @param {AbortSignal} [signal] @returns {Promise<Manifest>} */
export async function readManifest(place, signal) {
  const bytes = typeof place === 'string' ? await attempts(place, (cache) => fetchBytes(place, cache, signal), ['no-cache']) : place;
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    throw new ModelFormatError('fanlight.json is not JSON; upload the whole folder again');
  }
}

/** Reads a file that the manifest lists, verifies it, and unpacks it where it is packed. @param {Pick<Source, 'manifest' | 'files'>} source @param {string} name @param {AbortSignal} [signal] @param {OnBytes} [onBytes] */
export function readFile({ manifest, files }, name, signal, onBytes) {
  const stated = manifest.files[name], place = files[name];
  if (!stated || !place) throw new ModelFormatError(`fanlight.json has no file ${name}`);
  return attempts(name, async (cache) => {
    const bytes = typeof place === 'string' ? await fetchBytes(place, cache, signal, onBytes) : await toBytes(place);
    if (await sha256(bytes) === stated.sha256) return inflated(bytes);
    throw new IntegrityError(`${name}: expected the ${stated.bytes} bytes of fanlight.json, got ${bytes.length} others; upload the whole folder again`);
  }, ['default', 'reload']);
}

/** @param {Source} source @param {AbortSignal} [signal] @param {(progress: import('./types.d.ts').Progress) => void} [onProgress] @returns {Promise<Engine>} */
export async function loadEngine(source, signal, onProgress) {
  const { manifest, variant, shared } = source;
  const [code, ...weights] = [manifest.code[variant], ...manifest.weights];
  const total = [code, ...weights].reduce((sum, name) => sum + manifest.files[name]?.bytes, 0);
  let loaded = 0;
  // A file that is asked for again counts once.
  const read = (/** @type {string} */ file) => readFile(source, file, signal, (more) => onProgress?.({ loaded: loaded = Math.min(loaded + more, total), total, file }));
  // The code and the first weights travel together.
  const [bytes, ...arrived] = /** @type {any[]} */ (await Promise.all([code, ...weights.slice(0, 1)].map(read)));
  // They have been verified: a browser that refuses them lacks instructions, or obeys a policy. Some can switch all of it off.
  const module = await (async () => WebAssembly.compile(bytes))().catch((error) => {
    throw new BrowserError(`this browser or a policy refuses WebAssembly SIMD (Chrome 91, Firefox 113, Safari 16.4): ${error.message}`);
  });
  const engine = new Engine(manifest, module, shared);
  const missing = new Map(manifest.state.map((slot) => [slot.name, slot]));
  for (const file of weights) {
    /** @type {Arrays} */
    const arrays = {};
    for (const [name, { dtype, bytes }] of readSafetensors(arrived.pop() ?? await read(file))) {
      const slot = missing.get(name);
      if (slot?.dtype !== dtype || engine.view(slot).byteLength !== bytes.length) throw new ModelFormatError(`${file}: "${name}" is not what fanlight.json states`);
      arrays[name] = bytes;
      missing.delete(name);
    }
    engine.write(arrays);
  }

  for (const { name, dtype, shape, initial } of missing.values()) {
    if (initial === undefined) throw new ModelFormatError(`the weights lack "${name}"`);
    engine.write({ [name]: new TYPES[dtype](count(shape)).fill(/** @type {never} */ (dtype === 'int64' ? BigInt(initial) : initial)) });
  }
  return engine;
}
