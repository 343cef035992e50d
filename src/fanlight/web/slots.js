// Where do the slots of a checkpoint lie? In IndexedDB, which is everywhere, or in the origin's private files (OPFS), which need
// https. `put` fills a slot, `name` makes it the one that counts and clears the others. Knows no model.

import { BrowserError, StorageError } from './errors.js';

/** @typedef {import('./checkpoint.js').Commit} Commit */
/** `name` fails where the record is no longer of version `before`: another tab has written.
 * @typedef {{ commit: () => Promise<Commit | undefined>, piece: (commit: Commit, number: number) => Promise<Uint8Array>,
 *   put: (slot: string, number: number, bytes: Uint8Array<ArrayBuffer>) => Promise<unknown>, name: (commit: Commit, before?: number) => Promise<unknown>,
 *   drop: (slot: string) => Promise<unknown>, remove: () => Promise<unknown> }} Slots */

const changed = (/** @type {string} */ name) =>
  new StorageError(`"${name}" was changed by another tab: this training keeps no more checkpoints there. What that tab kept is intact; choose another name`);
const torn = (/** @type {string} */ name) => new StorageError(`the checkpoint in "${name}" was replaced by another tab while it was read; try again`);

/** @param {string} name @returns {Promise<Slots>} */
export async function openDatabases(name) {
  if (typeof indexedDB === 'undefined') throw new StorageError('there is no IndexedDB here: a checkpoint needs a browser');
  /** Runs requests in a transaction and waits until they are on the disk. @param {IDBTransactionMode} mode @param {(store: IDBObjectStore, fail: (error: Error) => void) => IDBRequest | void} act @returns {Promise<any>} */
  const inStore = async (mode, act) => {
    /** @type {IDBDatabase} */
    const database = await new Promise((resolve, reject) => {
      const opening = indexedDB.open('fanlight-checkpoints', 1);
      opening.onupgradeneeded = () => opening.result.createObjectStore('parts');
      opening.onsuccess = () => resolve(opening.result);
      opening.onerror = () => reject(new StorageError(`the browser refuses storage: ${opening.error?.message}`));
    });
    try {
      return await new Promise((resolve, reject) => {
        const transaction = database.transaction('parts', mode, { durability: 'strict' });
        /** @type {Error | undefined} */
        let failure;
        const request = act(transaction.objectStore('parts'), (error) => {
          failure = error;
          transaction.abort();
        });
        transaction.oncomplete = () => resolve(request?.result);
        transaction.onabort = transaction.onerror = () => reject(failure ?? transaction.error ?? request?.error);
      });
    } finally {
      database.close();
    }
  };
  // Arrays sort after texts and numbers, and what is longer after its beginning.
  const parts = (/** @type {any[]} */ from, /** @type {any[]} */ to) => IDBKeyRange.bound(from, to, true, true);
  return {
    commit: () => inStore('readonly', (store) => store.get([name])),
    async piece({ slot }, number) {
      const bytes = await inStore('readonly', (store) => store.get([name, slot, number]));
      if (!bytes) throw torn(name);
      return bytes;
    },
    put: (slot, number, bytes) => inStore('readwrite', (store) => store.put(bytes, [name, slot, number])),
    name: (commit, before) => inStore('readwrite', (store, fail) => {
      const found = store.get([name]);
      found.onsuccess = () => {
        if (found.result?.version !== before) return fail(changed(name));
        store.put(commit, [name]);
        store.delete(parts([name], [name, commit.slot]));
        store.delete(parts([name, commit.slot, []], [name, []]));
        return undefined;
      };
    }),
    drop: (slot) => inStore('readwrite', (store) => store.delete(parts([name, slot], [name, slot, []]))),
    remove: () => inStore('readwrite', (store) => store.delete(IDBKeyRange.bound([name], [name, []]))),
  };
}

/** @param {string} name @returns {Promise<Slots>} */
export async function openFiles(name) {
  const root = await globalThis.navigator?.storage?.getDirectory?.().catch(() => undefined);
  if (!root || !('createWritable' in FileSystemFileHandle.prototype)) throw new BrowserError("there are no private files (OPFS) here: they need https and a browser that writes them from a page; use 'indexeddb://name'");
  const own = encodeURIComponent(name);
  const folder = async () => (await root.getDirectoryHandle('fanlight-checkpoints', { create: true })).getDirectoryHandle(own, { create: true });
  const file = async (/** @type {string} */ part, create = false) => (await folder()).getFileHandle(part, { create });
  /** Appears whole when it is closed. @param {string} part @param {string | Uint8Array<ArrayBuffer>} content */
  const write = async (part, content) => {
    const stream = await (await file(part, true)).createWritable();
    try {
      await stream.write(content);
      await stream.close();
    } catch (error) {
      await stream.abort().catch(() => {});
      throw error;
    }
  };
  const clear = async (/** @type {(part: string) => boolean} */ isOld) => {
    const handle = await folder();
    const old = [];
    for await (const part of /** @type {any} */ (handle).keys()) if (part !== 'commit' && isOld(part)) old.push(part);
    for (const part of old) await handle.removeEntry(part).catch(() => {});
  };
  const commit = async () => {
    try {
      return JSON.parse(await (await (await file('commit')).getFile()).text());
    } catch (error) {
      if (/** @type {Error} */ (error).name === 'NotFoundError') return undefined;
      throw error;
    }
  };
  return {
    commit,
    async piece({ slot }, number) {
      const found = await file(`${slot}.${number}`).catch(() => { throw torn(name); });
      return new Uint8Array(await (await found.getFile()).arrayBuffer());
    },
    put: (slot, number, bytes) => write(`${slot}.${number}`, bytes),
    async name(next, before) {
      if ((await commit())?.version !== before) throw changed(name);
      await write('commit', JSON.stringify(next));
      await clear((part) => !part.startsWith(`${next.slot}.`));
    },
    drop: (slot) => clear((part) => part.startsWith(`${slot}.`)),
    async remove() {
      const all = await root.getDirectoryHandle('fanlight-checkpoints', { create: true });
      await all.removeEntry(own, { recursive: true }).catch(() => {});
    },
  };
}
