// Does this device compute what the bundle's author computed? Calls every function that selftest.safetensors has a case of,
// on an engine of its own with the exported weights, and compares: max |a - b| / max(1, max |b|).

import { readArrays } from './arrays.js';
import { ModelFormatError } from './errors.js';
import { nameOf } from './layout.js';
import { loadEngine } from './loader.js';

const tolerance = 1e-3; // relaxed instructions may round differently at each product

/** @param {import('./runner.js').Runner} runner @returns {Promise<import('./types.d.ts').SelfTest>} */
export async function selfTest(runner) {
  const { manifest, source } = runner;
  if (!manifest.selftest) throw new ModelFormatError('the model was exported without a self-test');
  const found = await readArrays(runner, manifest.selftest);
  const engine = await loadEngine(source);
  const before = engine.read();
  /** @type {Record<string, number>} */
  const functions = {};
  for (const [name, { inputs, writes }] of Object.entries(manifest.functions)) {
    const arrays = /** @type {Record<string, any>} */ ({}), sizes = /** @type {Record<string, any>} */ ({});
    for (const slot of inputs) {
      const { data, shape } = found[`${name}/input/${slot.name}`] ?? found[`predict/input/${slot.name}`] ?? {};
      arrays[slot.name] = data;
      slot.shape.forEach((dim, axis) => { sizes[nameOf(dim)] = shape?.[axis]; });
    }
    if (!inputs.length || !Object.values(arrays).every(Boolean)) continue;
    functions[name] = 0;
    const results = { output: engine.call(name, { arrays, sizes }), state: engine.read(writes) };
    for (const [kind, all] of Object.entries(results)) {
      for (const key in all) functions[name] = Math.max(functions[name], difference(all[key], found[`${name}/${kind}/${key}`]?.data));
    }
    engine.write(before);
  }
  const error = Math.max(0, ...Object.values(functions));
  return { passed: error <= tolerance, error, tolerance, functions };
}

/** @param {any} got @param {any} [wanted] @returns {number} 0 where nothing is wanted */
function difference(got, wanted = []) {
  let worst = 0, scale = 1;
  for (let i = 0; i < wanted.length; i++) {
    const a = Number(got[i]), b = Number(wanted[i]);
    // NaN is right where NaN is wanted, and wrong anywhere else.
    if (!Object.is(a, b)) worst = Math.max(worst, Math.abs(a - b) || (a === b ? 0 : Infinity));
    scale = Math.max(scale, Math.abs(b) || 0);
  }
  return worst / scale;
}
