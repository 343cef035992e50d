// How does a head train without running its frozen trunk each time? On features: what the trunk gave for each sample, once.
// Where they take too much memory, each step runs the trunk: so does features.py.

import { TYPES, batchOf, count } from './layout.js';

const LIMIT = 2 ** 29; // bytes

/** Adds features to the arrays of all sets; whether it did. @param {import('./engine.js').Engine} engine
 * @param {import('./engine.js').Encoded[]} sets @param {AbortSignal} signal @param {() => Promise<void>} rest @returns {Promise<boolean>} */
export async function addFeatures(engine, sets, signal, rest) {
  const spec = engine.manifest.functions.features;
  if (!spec) return false;
  const batch = batchOf(spec);
  const most = spec.sizes.find(({ name }) => name === batch)?.high ?? 1;
  const bytes = sets.flatMap(({ sizes }) => spec.outputs.map(({ dtype, shape }) => count(shape, sizes) * TYPES[dtype].BYTES_PER_ELEMENT));
  if (bytes.reduce((sum, each) => sum + each) > LIMIT) return false;
  for (const { arrays, sizes } of sets) {
    /** @type {Record<string, any>} */
    const found = Object.fromEntries(spec.outputs.map((slot) => [slot.name, new TYPES[slot.dtype](count(slot.shape, sizes))]));
    for (let start = 0; start < sizes[batch] && !signal.aborted; start += most) {
      const now = { ...sizes, [batch]: Math.min(most, sizes[batch] - start) };
      engine.place(spec, arrays, now, start);
      engine.run('features', now);
      for (const slot of spec.outputs) found[slot.name].set(engine.view(slot, now), found[slot.name].length / sizes[batch] * start);
      await rest();
    }
    Object.assign(arrays, found);
  }
  return true;
}
