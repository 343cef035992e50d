// How are pictures, rows of tables and labels read? As the manifest says what an input means. Where the model has a function
// that makes the input from its raw form, that takes it from here: the page only reads pixels and words.

import { BrowserError, DtypeError, ShapeError, UnknownNameError } from './errors.js';
import { TYPES } from './layout.js';
import { resize } from './resize.js';

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

/** @param {any} picture @param {any} Type @param {Meaning} meaning @returns {TypedArray} its pixels at the size that the model asks for */
function readPicture(picture, Type, { height = 0, width = 0, channels = 3, fit = 'crop' }) {
  const { data } = picture;
  const pixels = data && picture.width === width && picture.height === height ? data : fitted(picture, width, height, fit);
  const array = new Type(width * height * channels);
  for (let i = 0, at = 0; i < array.length; i += channels, at += 4) {
    if (channels > 2) array.set(pixels.subarray(at, at + channels), i);
    // Luma of ITU-R BT.601, as Pillow's convert("L").
    else array[i] = (19595 * pixels[at] + 38470 * pixels[at + 1] + 7471 * pixels[at + 2] + 32768) >> 16;
    if (channels === 2) array[i + 1] = pixels[at + 3];
  }
  return array;
}

/** @param {number} width @param {number} height @returns {any} a 2D context */
function contextOf(width, height) {
  const canvas = globalThis.document
    ? Object.assign(document.createElement('canvas'), { width, height })
    : globalThis.OffscreenCanvas && new OffscreenCanvas(width, height);
  if (!canvas) throw new BrowserError('only a browser can read this picture; pass { data, width, height } with red, green, blue and alpha of each point');
  const context = /** @type {any} */ (canvas.getContext('2d', { willReadFrequently: true }));
  context.globalCompositeOperation = 'copy'; // what was read before does not shine through
  return context;
}

/** @param {any} picture @param {number} width @param {number} height @param {string} fit @returns {Uint8ClampedArray} */
function fitted(picture, width, height, fit) {
  const w = picture.videoWidth ?? picture.naturalWidth ?? picture.displayWidth ?? picture.width;
  const h = picture.videoHeight ?? picture.naturalHeight ?? picture.displayHeight ?? picture.height;
  if (!w || !h) throw new ShapeError('the picture is empty: wait until it is loaded (await img.decode(), or the "loadeddata" event of a video)');
  const scale = (fit === 'crop' ? Math.max : Math.min)(width / w, height / h);
  // What is read of it, and what that becomes: whole points, so that a picture of the right size stays as it is.
  const [wide, high] = fit === 'crop' ? [Math.round(width / scale), Math.round(height / scale)] : [w, h];
  const [x, y] = fit === 'pad' ? [Math.round(w * scale) || 1, Math.round(h * scale) || 1] : [width, height];
  const small = resize(rowsOf(picture, (w - wide) >> 1, (h - high) >> 1, wide), wide, high, x, y);
  if (fit !== 'pad') return small;
  const whole = new Uint8ClampedArray(4 * width * height);
  const left = (width - x) >> 1, top = (height - y) >> 1;
  for (let row = 0; row < y; row++) whole.set(small.subarray(4 * x * row, 4 * x * (row + 1)), 4 * ((top + row) * width + left));
  return whole;
}

/** Reads rows of a picture, from a place on. @param {any} picture @param {number} left @param {number} top @param {number} wide */
function rowsOf(picture, left, top, wide) {
  if (picture.data) return (/** @type {number} */ from) => ({ data: picture.data.subarray(4 * ((top + from) * picture.width + left)), across: picture.width });
  /** @type {any} */
  let context;
  return (/** @type {number} */ from, /** @type {number} */ rows) => {
    context ??= contextOf(wide, rows);
    context.drawImage(picture, left, top + from, wide, rows, 0, 0, wide, rows);
    try {
      return { data: context.getImageData(0, 0, wide, rows).data, across: wide };
    } catch {
      throw new BrowserError('the page may not read this picture, which comes from another site; load it with crossorigin="anonymous"');
    }
  };
}
