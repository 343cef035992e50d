// How do arrays lie? Dtypes, dims, and the axis along which a longer call is cut into several. Knows no memory.

/** @typedef {import('./types.d.ts').Dim} Dim */
/** @typedef {import('./types.d.ts').Slot} Slot */
/** @typedef {import('./types.d.ts').FunctionSpec} FunctionSpec */
/** @typedef {Record<string, number>} Sizes */

export const TYPES = {
  float32: Float32Array, int32: Int32Array, uint32: Uint32Array, int64: BigInt64Array, uint8: Uint8Array, int8: Int8Array, bool: Uint8Array,
};

/** @param {Dim} dim @param {Sizes} sizes @returns {number} NaN where a size is not known */
export const length = (dim, sizes) =>
  (typeof dim === 'number' ? dim : dim.reduce((sum, [factor, ...names]) => sum + names.reduce((term, name) => term * sizes[name], factor), 0));

/** @param {readonly Dim[]} shape @param {Sizes} [sizes] @returns {number} how many elements an array has */
export const count = (shape, sizes = {}) => shape.reduce((/** @type {number} */ total, dim) => total * length(dim, sizes), 1);

/** @param {Dim} [dim] @returns {string} the name, where the dim is just that size; '' elsewhere */
export const nameOf = (dim) => (typeof dim === 'object' && !dim[1] && dim[0][0] === 1 && dim[0].length === 2 ? String(dim[0][1]) : '');

/** @param {FunctionSpec} spec @returns {string} 'batch' where its first input has that axis first: it counts independent samples; else '' */
export const batchOf = (spec) => (spec.inputs[0] && hasRows(spec.inputs[0]) ? 'batch' : '');

/** @param {Slot} slot whether the slot has one row a sample */
export const hasRows = ({ shape }) => nameOf(shape[0]) === 'batch';

/** @param {readonly Dim[]} shape @param {Sizes} [sizes] those that are known @returns {string} `[batch, 28, 28, 1]` */
export const text = (shape, sizes = {}) =>
  '[' + shape.map((dim) => length(dim, sizes) || nameOf(dim) || String(dim)).join(', ') + ']';

/** @param {readonly any[]} parts @param {any} Kind of typed array @returns {any} the parts, one after the other */
export function joined(parts, Kind) {
  const all = new Kind(parts.reduce((sum, part) => sum + part.length, 0));
  parts.reduce((at, part) => (all.set(part, at), at + part.length), 0);
  return all;
}

/** @param {any} place a blob, bytes or a stream of them @param {any} [by] what changes them on the way @returns {Promise<Uint8Array>} */
export const toBytes = async (place, by) => new Uint8Array(await new Response(by ? new Response(place).body?.pipeThrough(by) : place).arrayBuffer());
