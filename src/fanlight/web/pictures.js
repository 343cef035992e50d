// Which pixels has a picture at the size that a model asks for? An element, a frame, a bitmap, or what has pixels itself.

import { BrowserError, ShapeError } from './errors.js';
import { resize } from './resize.js';

/** @typedef {import('./types.d.ts').Meaning} Meaning */
/** @typedef {import('./types.d.ts').TypedArray} TypedArray */

/** @param {any} picture @param {any} Type @param {Meaning} meaning @returns {TypedArray} its pixels at the size that the model asks for */
export function readPicture(picture, Type, { height = 0, width = 0, channels = 3, fit = 'crop' }) {
  const { data } = picture;
  const pixels = data && picture.width === width && picture.height === height ? data : fitted(picture, width, height, fit);
  const array = new Type(width * height * channels);
  for (let i = 0, at = 0; i < array.length; i += channels, at += 4) {
    if (channels > 2) {
      array[i] = pixels[at];
      array[i + 1] = pixels[at + 1];
      array[i + 2] = pixels[at + 2];
      if (channels > 3) array[i + 3] = pixels[at + 3];
    // Luma of ITU-R BT.601, as Pillow's convert("L").
    } else array[i] = (19595 * pixels[at] + 38470 * pixels[at + 1] + 7471 * pixels[at + 2] + 32768) >> 16;
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
