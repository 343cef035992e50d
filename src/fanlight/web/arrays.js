// What does a safetensors file of the bundle hold, such as a page's examples? Its arrays with their shapes.

import { readFile } from './loader.js';
import { readSafetensors } from './safetensors.js';
import { TYPES } from './layout.js';

/** @param {import('./runner.js').Runner} runner @param {string} name @returns {Promise<Record<string, import('./types.d.ts').Shaped>>} */
export async function readArrays({ manifest, locate }, name) {
  const entries = readSafetensors(await readFile({ manifest, files: { [name]: await locate(name) } }, name));
  // Copies, since an array may lie at an address that does not fit its items.
  return Object.fromEntries(entries.map(([key, { dtype, bytes, shape }]) => [key, { data: new TYPES[dtype](bytes.slice().buffer), shape }]));
}
