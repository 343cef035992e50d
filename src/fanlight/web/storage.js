// Where does what a page learnt stay? In IndexedDB, or in a safetensors file. A save is one transaction: a full disk or a
// closed tab leaves the one before. What was saved from another model is refused with what differs, and stays.

import { BrowserError, ModelFormatError, StorageError } from './errors.js';
import { TYPES, count, toBytes } from './layout.js';
import { CODES, readHeader, readSafetensors } from './safetensors.js';

/** @typedef {import('./runner.js').Runner} Runner */
/** @typedef {import('./types.d.ts').Arrays} Arrays */
/** @typedef {import('./types.d.ts').Manifest} Manifest */
/** @typedef {import('./safetensors.js').Entry} Entry */
/** @typedef {import('./types.d.ts').Metadata} Metadata */
/** @typedef {{ format: 1, model: string, file: Uint8Array }} Saved */

const FORMS = "'indexeddb://name', 'download' or 'buffer'";

/** @param {Runner} runner @param {string} target @param {{ metadata?: Metadata }} [options] */
export function save(runner, target, { metadata = {} } = {}) {
  const name = nameIn(target);
  if (name === undefined && target !== 'download' && target !== 'buffer') throw new StorageError(`save: expected ${FORMS}, got ${target}`);
  const state = runner.host.request('read', []);
  return { reply: keep(runner.manifest, state, target, name, metadata) };
}

/** @param {Manifest} manifest @param {Promise<Arrays>} state @param {string} target @param {string | undefined} name @param {Metadata} metadata @returns {Promise<void | ArrayBuffer>} */
async function keep(manifest, state, target, name, metadata) {
  const file = writeSafetensors(manifest, await state, metadata);
  if (target === 'buffer') return /** @type {ArrayBuffer} */ (file.buffer);
  if (target === 'download') return download(file, `${manifest.name}.safetensors`);
  /** @type {Saved} */
  const saved = { format: 1, model: manifest.name, file };
  try {
    await inStore('readwrite', (store) => store.put(saved, name));
  } catch (error) {
    if (error instanceof StorageError) throw error;
    const { name: kind, message } = /** @type {Error} */ (error);
    throw new StorageError(kind === 'QuotaExceededError'
      ? `storage is full: "${name}" takes ${(file.length / 1e6).toFixed(1)} MB. What was saved before is intact; free some space, or save('download')`
      : `"${name}" could not be saved: ${message}`);
  }
  return undefined;
}

/** @param {Runner} runner @param {string | Blob | BufferSource} source @returns {Promise<{ reply: Promise<Metadata> }>} what stands beside the arrays */
export async function restore(runner, source) {
  const name = typeof source === 'string' ? nameIn(source) : undefined;
  let bytes;
  if (name !== undefined) {
    const saved = await lookUp(name);
    if (!saved) throw new StorageError(`nothing is saved as "${name}"`);
    if (saved.format !== 1) throw new StorageError(`"${name}" was saved in format ${saved.format}, by another version of Fanlight`);
    bytes = saved.file;
  } else if (typeof source === 'string') {
    throw new StorageError(`restore: expected 'indexeddb://name' or a safetensors file, got ${source}`);
  } else {
    bytes = await toBytes(source);
  }
  const arrays = match(runner.manifest, bytes, name ?? 'the file');
  return { reply: runner.host.request('write', [arrays]).then(() => readHeader(bytes).__metadata__ ?? {}) };
}

/** What stands beside what is saved, without restoring it. @param {Runner} _ @param {string} address @returns {{ reply: Promise<Metadata | undefined> }} */
export const saved = (_, address) => ({
  reply: lookUp(nameIn(address) ?? '').then((found) => found && readHeader(found.file).__metadata__),
});

/** @param {string} name @returns {Promise<Saved | undefined>} */
const lookUp = (name) => inStore('readonly', (store) => store.get(name));

/** The arrays as the model holds them, or an error that lists what differs. @param {Manifest} manifest @param {Uint8Array} file @param {string} at @returns {Arrays} */
function match(manifest, file, at) {
  /** @type {Map<string, Entry>} */
  let entries;
  try {
    entries = new Map(readSafetensors(file));
  } catch {
    throw new ModelFormatError(`"${at}" is not a whole safetensors file: its header could not be read`);
  }
  checkModel(manifest, entries, at);
  /** @type {Arrays} */
  const arrays = {};
  for (const { name, dtype, shape } of manifest.state) {
    const bytes = entries.get(name)?.bytes;
    if (!bytes) continue;
    if (bytes.length !== count(shape) * TYPES[dtype].BYTES_PER_ELEMENT) throw new ModelFormatError(`"${at}" is not a whole safetensors file: it ends inside "${name}"`);
    arrays[name] = bytes;
  }
  return arrays;
}

/** Raises an error that lists what differs. @param {Manifest} manifest @param {Map<string, { dtype: string, shape: number[] }>} entries @param {string} at @param {boolean} [isWhole] what only a training needs must be there too */
export function checkModel(manifest, entries, at, isWhole) {
  const differences = [];
  for (const { name, dtype, shape, role } of manifest.state) {
    const entry = entries.get(name);
    if (entry) {
      if (entry.dtype !== dtype || String(entry.shape) !== String(shape)) differences.push(`"${name}" is ${entry.dtype} [${entry.shape}] there and ${dtype} [${shape}] here`);
    // What only a training needs stays as it is where it was not saved.
    } else if (isWhole || role === 'parameter' || role === 'statistic') differences.push(`it lacks "${name}"`);
  }
  for (const name of entries.keys()) if (manifest.state.every((slot) => slot.name !== name)) differences.push(`it has "${name}", which is not in this model`);
  if (differences.length) {
    const more = differences.length > 5 ? `; and ${differences.length - 5} more` : '';
    throw new StorageError(`"${at}" was saved from another model than "${manifest.name}": ${differences.slice(0, 5).join('; ')}${more}. It was left as it is`);
  }
}

/** @param {string} address @returns {string | undefined} */
const nameIn = (address) => (address.startsWith('indexeddb://') ? address.slice(12) : undefined);

/** Runs one request in a transaction of its own and waits until it is on the disk. @template T @param {IDBTransactionMode} mode @param {(store: IDBObjectStore) => IDBRequest<T>} act @returns {Promise<T>} */
async function inStore(mode, act) {
  if (typeof indexedDB === 'undefined') throw new StorageError(`there is no IndexedDB here; use 'buffer' and keep the bytes yourself`);
  /** @type {IDBDatabase} */
  const database = await new Promise((resolve, reject) => {
    const opening = indexedDB.open('fanlight', 1);
    opening.onupgradeneeded = () => opening.result.createObjectStore('models');
    opening.onsuccess = () => resolve(opening.result);
    opening.onerror = () => reject(opening.error);
  }).catch(({ message }) => {
    throw new StorageError(`the browser refuses storage: ${message}`);
  });
  try {
    return await new Promise((resolve, reject) => {
      const transaction = database.transaction('models', mode, { durability: 'strict' });
      const request = act(transaction.objectStore('models'));
      transaction.oncomplete = () => resolve(request.result);
      transaction.onabort = transaction.onerror = () => reject(transaction.error ?? request.error);
    });
  } finally {
    database.close();
  }
}

/** @param {Manifest} manifest @param {Arrays} arrays @param {Metadata} metadata @returns {Uint8Array<ArrayBuffer>} */
function writeSafetensors(manifest, arrays, metadata) {
  // Larger items first, so that every array lies at a multiple of its item.
  const slots = [...manifest.state].sort((a, b) => TYPES[b.dtype].BYTES_PER_ELEMENT - TYPES[a.dtype].BYTES_PER_ELEMENT);
  /** @type {Record<string, unknown>} */
  const header = { __metadata__: { ...metadata, format: 'fanlight', model: manifest.name, saved: new Date().toISOString() } };
  let end = 0;
  for (const { name, dtype, shape } of slots) {
    header[name] = { dtype: Object.keys(CODES).find((code) => CODES[code] === dtype), shape, data_offsets: [end, (end += arrays[name].byteLength)] };
  }
  const text = new TextEncoder().encode(JSON.stringify(header));
  const start = 8 + Math.ceil(text.length / 8) * 8;
  const file = new Uint8Array(start + end).fill(32, 8, start);
  new DataView(file.buffer).setBigUint64(0, BigInt(start - 8), true);
  file.set(text, 8);
  let at = start;
  for (const { name } of slots) {
    file.set(new Uint8Array(arrays[name].buffer), at);
    at += arrays[name].byteLength;
  }
  return file;
}

/** @param {BlobPart} file @param {string} name */
export function download(file, name) {
  if (typeof document === 'undefined') throw new BrowserError("only a page can download; use save('buffer')");
  const address = URL.createObjectURL(new Blob([file]));
  Object.assign(document.createElement('a'), { href: address, download: name }).click();
  // The browser reads the blob after the click.
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}
