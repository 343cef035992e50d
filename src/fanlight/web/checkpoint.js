// How does a training survive a closed tab? All state, the place in the epoch, the order and the history are written into a slot
// of their own; then one small record names that slot. Until the record is there, the checkpoint before counts.

import { StorageError } from './errors.js';
import { TYPES, count } from './layout.js';
import { openDatabases, openFiles } from './slots.js';
import { checkModel } from './storage.js';

/** @typedef {import('./runner.js').Runner} Runner */
/** @typedef {import('./course.js').Place} Place */
/** @typedef {import('./types.d.ts').History} History */
/** @typedef {import('./types.d.ts').Callback} Callback */
/** An array of the model, or of what a callback remembers (`owner` is its number).
 * @typedef {{ owner: number, name: string, dtype: string, shape: number[] }} Entry */
/** @typedef {{ format: 1, version: number, slot: string, pieces: number, model: string, saved: string, arrays: Entry[], place: Place,
 *   order: { seed: number, ahead: number, batch: number, trained: number, shuffle: boolean }, history: History, callbacks: any[] }} Commit */

const PIECE = 1 << 20; // bytes written at once: storing 2 MB holds the page up for 13 ms, most of a frame
const MODEL = -1;

/** @param {string} address */
function slotsAt(address) {
  const [, kind, name] = /^(indexeddb|opfs):\/\/(.+)$/.exec(address) ?? [];
  if (!kind) throw new StorageError(`a checkpoint: expected 'indexeddb://name' or 'opfs://name', got ${address}`);
  return kind === 'opfs' ? openFiles(name) : openDatabases(name);
}

/** What is kept at an address. @param {string} address @returns {Promise<import('./types.d.ts').KeptCheckpoint | undefined>} */
export async function findCheckpoint(address) {
  const found = await (await slotsAt(address)).commit();
  return found && { model: found.model, saved: found.saved, epoch: found.place.epoch, batch: found.place.batch ?? 0, history: found.history };
}

/** @param {string} address */
export const removeCheckpoint = async (address) => (await slotsAt(address)).remove();

/** Takes an address for this training, where the browser has locks: not on plain http. @param {string} address @returns {Promise<() => void>} gives it back */
const claim = (address) => new Promise((resolve, reject) => {
  const locks = globalThis.navigator?.locks;
  if (!locks) return resolve(() => {});
  return locks.request(`fanlight ${address}`, { ifAvailable: true }, (lock) => {
    if (!lock) throw new StorageError(`"${address}" is in use: another training, perhaps in another tab, keeps its checkpoints there; end it, or choose another name`);
    return new Promise((release) => resolve(() => release(undefined)));
  }).catch(reject);
});

/** @param {Runner} runner @param {{ checkpoint?: import('./types.d.ts').Checkpoint, resume?: string, callbacks: readonly Callback[], history: History, source: any, feed?: { skip: number } }} asked */
export async function checkpointing(runner, { checkpoint, resume, callbacks, history, source, feed }) {
  const { manifest } = runner;
  const { to, everySteps, everySeconds, everyEpoch = !everySteps && !everySeconds } = checkpoint ?? {};
  if (checkpoint && !to) throw new StorageError(`checkpoint: expected { to: 'indexeddb://name' }, got ${JSON.stringify(checkpoint)}`);
  const target = to ? await slotsAt(to) : undefined;
  const from = resume ? await slotsAt(resume) : undefined;
  /** @type {Commit | undefined} */
  let resumed;
  /** @type {Commit | undefined} */
  let last;
  let release = () => {};
  /** @type {any} */
  let order;

  /** The record at an address, where it is one of this model. @param {string} address @param {Commit | undefined} commit */
  const check = (address, commit) => {
    if (commit && commit.format !== 1) throw new StorageError(`"${address}" was kept in format ${commit.format}, by another version of Fanlight. It was left as it is`);
    if (commit) checkModel(manifest, new Map(commit.arrays.filter(({ owner }) => owner === MODEL).map((entry) => [entry.name, entry])), address, true);
    return commit;
  };

  /** @param {Place} place @param {History} [until] */
  const write = async (place, until = history) => {
    if (!target) return;
    const arrays = await runner.host.request('read', []);
    const entries = manifest.state.map(({ name, dtype, shape }) => ({ owner: MODEL, name, dtype, shape, array: arrays[name] }));
    callbacks.forEach(({ state }, owner) => {
      for (const [name, array] of Object.entries(state?.weights ?? {})) entries.push({ ...entries[manifest.state.findIndex((slot) => slot.name === name)], owner, name, array });
    });
    const states = callbacks.map(({ state }) => state && { ...state, weights: undefined });
    /** @type {Commit} */
    const commit = {
      format: 1, version: (last?.version ?? 0) + 1, slot: `${Date.now().toString(36)}-${Math.random().toString(36).slice(2)}`, pieces: 0,
      model: manifest.name, saved: new Date().toISOString(), arrays: entries.map(({ array, ...entry }) => entry),
      place: structuredClone(place), order, history: structuredClone(until), callbacks: JSON.parse(JSON.stringify(states)),
    };
    try {
      for (const piece of cut(entries.map(({ array }) => array))) await target.put(commit.slot, commit.pieces++, piece);
      await target.name(commit, last?.version);
    } catch (error) {
      await target.drop(commit.slot).catch(() => {});
      if (error instanceof StorageError) throw error;
      const { name: kind, message } = /** @type {Error} */ (error);
      throw new StorageError(kind === 'QuotaExceededError'
        ? `storage is full: a checkpoint in "${to}" could not be written. The one before is intact; free some space and go on with resume`
        : `a checkpoint in "${to}" could not be written: ${message}`);
    }
    last = commit;
  };

  return {
    /** What the loop over the steps has to know. */
    plan: { every: { steps: everySteps, seconds: everySeconds } },
    get isWithin() { return !!resumed?.place.batch; },
    /** @param {any} plan */
    async prepare(plan) {
      order = { seed: plan.seed, ahead: plan.first - plan.initial, batch: plan.batch, trained: plan.trained, shuffle: plan.shuffle };
      if (!from) return;
      const { commit, found } = await readWhole(from, (latest) => check(/** @type {string} */ (resume), latest));
      resumed = commit;
      const { seed, ahead, ...numbers } = resumed.order;
      for (const name of /** @type {const} */ (['batch', 'trained', 'shuffle'])) {
        if (numbers[name] !== order[name]) throw new StorageError(`"${resume}" was kept with ${name} = ${numbers[name]}, got ${order[name]}: pass the same samples, batchSize and shuffle`);
      }
      if (source && typeof source !== 'function') throw new StorageError('resume: expected arrays or a function that makes the source, which is begun again, got something that runs once');
      if (feed) feed.skip = resumed.place.batch ?? 0;
      Object.assign(order, { seed, ahead });
      Object.assign(plan, { seed, first: plan.initial + ahead, from: resumed.place });
      Object.assign(history, resumed.history);
      await runner.host.request('write', [Object.fromEntries(found.filter(({ owner }) => owner === MODEL).map(({ name, array }) => [name, array]))]);
      resumed.callbacks = resumed.callbacks.map((state, number) => {
        const own = found.filter(({ owner }) => owner === number).map(({ name, array }) => [name, array]);
        return own.length ? { ...state, weights: Object.fromEntries(own) } : state;
      });
    },
    /** The training begins. */
    async begin() {
      resumed?.callbacks.forEach((state, number) => {
        if (state && callbacks[number]) callbacks[number].state = state;
      });
      if (!target) return;
      release = await claim(/** @type {string} */ (to));
      last = check(/** @type {string} */ (to), await target.commit());
      if (to === resume && last?.version !== resumed?.version) throw new StorageError(`"${to}" was changed by another tab meanwhile; go on from it anew`);
    },
    write,
    /** @param {number} epoch @param {import('./types.d.ts').Logs} logs */
    async onEpochEnd(epoch, logs) {
      const names = Object.keys({ ...history, ...logs });
      if (everyEpoch) await write({ epoch: epoch + 1, batch: 0 }, Object.fromEntries(names.map((name) => [name, [...(history[name] ?? []), ...(name in logs ? [logs[name]] : [])]])));
    },
    close: () => release(),
  };
}

/** The bytes of arrays, in pieces of one size. @param {ArrayBufferView[]} arrays */
function* cut(arrays) {
  let piece = new Uint8Array(PIECE), filled = 0;
  for (const { buffer, byteOffset, byteLength } of arrays) {
    for (let at = 0; at < byteLength;) {
      const more = Math.min(byteLength - at, PIECE - filled);
      piece.set(new Uint8Array(buffer, byteOffset + at, more), filled);
      at += more;
      filled += more;
      if (filled < PIECE) continue;
      yield piece;
      [piece, filled] = [new Uint8Array(PIECE), 0];
    }
  }
  yield piece.slice(0, filled);
}

/** The newest checkpoint: read anew where another tab replaces it meanwhile. @param {import('./slots.js').Slots} slots @param {(commit?: Commit) => Commit | undefined} check */
async function readWhole(slots, check) {
  for (let tries = 0;; tries++) {
    const commit = check(await slots.commit());
    if (!commit) throw new StorageError('resume: nothing is kept there to go on from; findCheckpoint tells beforehand');
    try {
      return { commit, found: await read(slots, commit) };
    } catch (error) {
      if (tries > 8) throw error;
    }
  }
}

/** @param {{ piece: (commit: Commit, number: number) => Promise<Uint8Array> }} slots @param {Commit} commit */
async function read(slots, commit) {
  let number = 0, at = 0, piece = await slots.piece(commit, 0);
  /** @type {(Entry & { array: import('./types.d.ts').TypedArray })[]} */
  const found = [];
  for (const entry of commit.arrays) {
    const Type = TYPES[/** @type {keyof typeof TYPES} */ (entry.dtype)];
    const bytes = new Uint8Array(count(entry.shape) * Type.BYTES_PER_ELEMENT);
    for (let filled = 0; filled < bytes.length;) {
      if (at === piece.length) [number, at, piece] = [number + 1, 0, await slots.piece(commit, number + 1)];
      const more = Math.min(bytes.length - filled, piece.length - at);
      bytes.set(piece.subarray(at, at + more), filled);
      at += more;
      filled += more;
    }
    found.push({ ...entry, array: new Type(bytes.buffer) });
  }
  return found;
}
