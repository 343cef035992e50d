// How does a head train without running its frozen trunk each time? On features: what the trunk gave for each sample, once.
// Where they take too much memory, each step runs the trunk: so does features.py.

import { TYPES, batchOf, count } from './layout.js';
import { letGo } from './release.js';

/** @typedef {import('./engine.js').Encoded} Encoded */

const LIMIT = 2 ** 29; // bytes

const map = (/** @type {any} */ all = {}, /** @type {(each: any) => any} */ of) => Object.fromEntries(Object.entries(all).map(([name, each]) => [name, of(each)]));

/** What a head is trained on, for each set; nothing where that is too large. What the trunk takes is made ready part by part, and
 * let go. @param {import('./engine.js').Engine} engine @param {Encoded[]} sets @param {AbortSignal} signal
 * @param {() => Promise<void>} rest @returns {Promise<Encoded[] | undefined>} */
export async function featuresOf(engine, sets, signal, rest) {
  const { features: spec, train_head: head } = engine.manifest.functions;
  if (!spec) return undefined;
  const batch = batchOf(spec);
  const most = spec.sizes.find(({ name }) => name === batch)?.high ?? 1;
  const bytes = sets.flatMap(({ sizes }) => spec.outputs.map(({ dtype, shape }) => count(shape, sizes) * TYPES[dtype].BYTES_PER_ELEMENT));
  if (bytes.reduce((sum, each) => sum + each) > LIMIT) return undefined;
  const made = [];
  for (const set of sets) {
    const { sizes, prepare } = set;
    /** @type {Record<string, any>} */
    const found = Object.fromEntries(spec.outputs.map((slot) => [slot.name, new TYPES[slot.dtype](count(slot.shape, sizes))]));
    for (let start = 0, { [batch]: rows } = sizes; start < rows && !signal.aborted; start += most) {
      const now = { ...sizes, [batch]: Math.min(most, rows - start) };
      const cut = (/** @type {any} */ array) => array.subarray(array.length / rows * start, array.length / rows * (start + now[batch]));
      const part = (/** @type {Encoded} */ all) => ({ arrays: map(all.arrays, cut), sizes: now, prepare: map(all.prepare, ({ by, raw }) => ({ by, raw: part(raw) })) });
      const inputs = engine.prepared(part(set));
      engine.place(spec, inputs, now, 0);
      letGo(Object.keys(prepare ?? {}).map((name) => inputs[name]));
      engine.run('features', now);
      for (const slot of spec.outputs) found[slot.name].set(engine.view(slot, now), found[slot.name].length / rows * start);
      await rest();
    }
    made.push({ sizes, arrays: { ...(head.inputs.some(({ name }) => prepare?.[name]) ? engine.prepared(set) : set.arrays), ...found } });
  }
  return made;
}
