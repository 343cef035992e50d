// What does the model see of a drawing? From a pad to one row of its input, through the bundle's `prepare` where it has one,
// and from such a row to a small picture. It draws nothing on the pad.

/** @typedef {import('./app.js').App} App */
/** @typedef {import('../types.d.ts').Slot} Slot */

/** @param {Slot} slot @returns {[number, number]} height and width of one row */
export function sides({ name, shape }) {
  // Axes that are open count samples: a drawing is one.
  const [height, width, channels = 1] = shape.filter((dim) => typeof dim === 'number');
  if (!width || channels !== 1) throw new Error(`"${name}": a drawing has one channel, [height, width, 1]; this input is ${JSON.stringify(shape)}`);
  return [height, width];
}

/** One row of the model's input. @param {App} app @param {import('./pad.js').Pad} pad @returns {Promise<import('./app.js').Numbers>} */
export async function see(app, pad) {
  const raw = app.model.manifest.functions.prepare?.inputs[0] ?? app.input;
  const ink = pad.ink(...sides(raw));
  return app.prepare(raw.dtype === 'float32' ? Float32Array.from(ink, (value) => value / 255) : ink);
}

/** Shows a row of the model's input as the points that it is. @param {App} app @param {HTMLCanvasElement} canvas @param {ArrayLike<number>} row @param {number} full the value of full ink */
export function picture(app, canvas, row, full) {
  const [height, width] = sides(app.input);
  if (canvas.width !== width) canvas.width = width;
  if (canvas.height !== height) canvas.height = height;
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d'));
  const image = context.createImageData(width, height);
  const [red, green, blue] = (getComputedStyle(canvas).color.match(/[\d.]+/g) ?? [0, 0, 0]).map(Number);
  for (let i = 0; i < width * height; i++) image.data.set([red, green, blue, (255 * row[i]) / full], 4 * i);
  context.putImageData(image, 0, 0);
}

/** The value that full ink has in the model's input: as the manifest says, or what the shipped data has at most. @param {App} app */
export async function fullInk(app) {
  const { levels } = /** @type {{ levels?: number }} */ (app.seen);
  if (levels) return levels;
  const { train, test } = await app.data();
  let most = 0;
  for (const value of (train ?? test)?.x.data ?? []) most = Math.max(most, Number(value));
  return most || 1;
}
