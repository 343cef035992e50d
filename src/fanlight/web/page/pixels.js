// How do files and frames become what the model sees? Through the runtime's own reading of pictures, so that what is learnt from
// is what `predict` would see.

import { dropped } from '../dropped.js';
import { readRaw } from '../meanings.js';

/** One row of raw pixels, at the model's size. @param {import('./app.js').App} app @param {CanvasImageSource} picture @returns {Uint8Array} */
export function rawOf(app, picture) {
  const raw = app.model.manifest.functions.prepare?.inputs[0] ?? app.input;
  return Uint8Array.from(/** @type {any} */ (readRaw(picture, { ...raw, dtype: 'uint8' }, app.seen)));
}

/** The pictures among files, decoded one after the other: one is let go before the next. @param {any} files what `images` of data.js takes
 * @returns {AsyncGenerator<ImageBitmap>} */
export async function* pixelsOf(files) {
  const found = await picturesOf(files);
  for (let i = 0; i < found.names.length; i++) {
    const picture = await found.decode(i);
    yield picture;
    picture.close();
  }
}

/** The first picture among files, decoded. @param {any} files @returns {Promise<ImageBitmap>} */
export const pictureOf = async (files) => (await picturesOf(files)).decode(0);

/** @param {any} files */
async function picturesOf(files) {
  const held = dropped(files);
  // Not taken apart: in one file the name would stand for itself.
  const data = await import('../data.js');
  return data.images(held);
}

/** A row of raw pixels as a picture. @param {import('./app.js').App} app @param {Uint8Array} row */
export function imageOf({ seen: { width = 1, height = 1 } }, row) {
  const image = new ImageData(width, height);
  for (let i = 0; i < width * height; i++) {
    image.data.set(row.subarray(3 * i, 3 * i + 3), 4 * i);
    image.data[4 * i + 3] = 255;
  }
  return image;
}

/** Rows of raw pixels as pictures, which `fit` and `predict` take; each is made when it is read, and not kept.
 * @param {import('./app.js').App} app @param {Uint8Array[]} rows @returns {any[]} */
export function imagesOf(app, rows) {
  const { width, height } = app.seen;
  return rows.map((row) => ({ width, height, get data() { return imageOf(app, row).data; } }));
}
