// How are pictures, rows of tables and labels read? As the manifest says what an input means. Where the model has a function
// that makes the input from its raw form, that takes it from here: the page only reads pixels and words.

import { DtypeError, UnknownNameError } from './errors.js';
import { TYPES } from './layout.js';
import { readPicture } from './pictures.js';

/** @typedef {import('./types.d.ts').Manifest} Manifest */
/** @typedef {import('./types.d.ts').Meaning} Meaning */
/** @typedef {import('./types.d.ts').TypedArray} TypedArray */
/** @typedef {import('./layout.js').Slot} Slot */

/** @param {any} value @param {Meaning} [meaning] @returns {boolean} whether it is the raw form: a picture, or a row of a table */
export function isRaw(value, meaning) {
  if (!value || typeof value !== 'object' || ArrayBuffer.isView(value) || 'shape' in value) return false;
  return meaning?.columns ? !Array.isArray(value) : 'displayWidth' in value || ('width' in value && 'height' in value);
}

/** @param {Manifest} manifest @param {string} input @param {any} value @returns {string | undefined} the function that makes this input from what was passed */
export function rawFunction({ functions, meanings }, input, value) {
  if (!isRaw(Array.isArray(value) ? value[0] : value, meanings[input])) return undefined;
  return ['prepare', `prepare_${input}`].find((name) => functions[name]?.outputs.some((slot) => slot.name === input));
}

/** @param {any} value @param {Slot} slot @param {Meaning} [meaning] @returns {TypedArray | undefined} one row of the input */
export function readRaw(value, slot, meaning) {
  const Type = /** @type {any} */ (TYPES[slot.dtype]);
  if (typeof value === 'string' && meaning?.labels) return Type.of(indexOf(meaning.labels, value, `"${slot.name}"`));
  if (!isRaw(value, meaning)) return undefined;
  if (meaning?.columns) return Type.from(meaning.columns.map((column) => readCell(value, column, meaning, slot.name)));
  return meaning?.height ? readPicture(value, Type, meaning) : undefined;
}

/** @param {readonly string[]} words @param {any} word @param {string} at */
function indexOf(words, word, at) {
  const index = words.indexOf(String(word));
  if (index < 0) throw new UnknownNameError(`${at} expects one of ${words.slice(0, 20).join(', ')}, got ${word}`);
  return index;
}

/** @param {any} row @param {string} column @param {Meaning} meaning @param {string} name */
function readCell(row, column, { columns, categories }, name) {
  const { [column]: cell } = row;
  if (cell === undefined) throw new UnknownNameError(`"${name}" expects the columns ${columns?.join(', ')}, got ${Object.keys(row).join(', ')}`);
  if (categories?.[column]) return indexOf(categories[column], cell, `"${name}": "${column}"`);
  if (cell === '' || Number.isNaN(Number(cell))) throw new DtypeError(`"${name}": "${column}" expects a number, got "${cell}"`);
  return Number(cell);
}
