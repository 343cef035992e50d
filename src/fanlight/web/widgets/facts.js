// What does an export say about its inside? Its layers and kernels, and code in which each kernel can be called alone: one file,
// which is fetched when a widget asks for it.

import { UnknownNameError } from '../errors.js';

/** @typedef {import('../types.d.ts').Model} Model */
/** @typedef {{ name: string, kind: string, outputs: string[], parameters: number, trainable: number }} LayerFacts */
/** One kernel of a function; `rounds`: how often a call runs it, null where that is not known before.
 * @typedef {{ name: string, kind: string, rounds: import('../types.d.ts').Dim[] | null, sometimes?: true }} KernelFacts */
/** @typedef {{ layers: LayerFacts[] | null, kernels: Record<string, KernelFacts[]>, code: Record<string, Uint8Array> }} Facts */

/** @type {WeakMap<Model, Promise<Facts>>} */
const known = new WeakMap();

/** @param {Model} model @param {string} asked the widget @returns {Promise<Facts>} */
export function factsOf(model, asked) {
  const { manifest: { inside } } = model;
  if (!inside) throw new UnknownNameError(`${asked}: "${model.name}" was exported without its inside; write model.export(..., inside=True)`);
  const found = known.get(model) ?? readFacts(model, inside);
  known.set(model, found);
  return found;
}

/** @param {Model} model @param {string} file @returns {Promise<Facts>} */
async function readFacts(model, file) {
  const { facts, ...codes } = await model.arrays(file);
  const code = Object.fromEntries(Object.entries(codes).map(([variant, { data }]) => [variant, /** @type {Uint8Array} */ (data)]));
  return { ...JSON.parse(new TextDecoder().decode(/** @type {Uint8Array} */ (facts.data))), code };
}
