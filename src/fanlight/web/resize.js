// How does a picture come to another size? Each point is the mean of those that it covers, the nearer the more: bilinear with
// antialiasing, in the fixed-point arithmetic of Pillow's `resize`, so that every browser gives what Python gives. Their own
// scaling is another one in each, and none that models were trained with.

/** The points that one point is made of: from `first` on, with weights that sum to 2 ** BITS. @typedef {{ first: number, weights: Int32Array }} Taps */
/** Red, green, blue and alpha of each point, with the distance of neighbours along the axis, and across it. @typedef {{ data: ArrayLike<number>, along: number, across: number }} Points */

const BITS = 22;

/** @param {number} from @param {number} to @returns {Taps[]} for each of `to` points along an axis that had `from` */
export function tapsOf(from, to) {
  const scale = from / to, reach = Math.max(scale, 1);
  return Array.from({ length: to }, (_, i) => {
    const centre = (i + 0.5) * scale;
    const first = Math.max(0, Math.trunc(centre - reach + 0.5)), end = Math.min(from, Math.trunc(centre + reach + 0.5));
    const weights = Array.from({ length: end - first }, (_, k) => Math.max(0, 1 - Math.abs((k + first - centre + 0.5) * (1 / reach))));
    const sum = weights.reduce((all, weight) => all + weight);
    return { first, weights: Int32Array.from(weights, (weight) => Math.round((weight / sum) * 2 ** BITS)) };
  });
}

/** Resizes along one axis. @param {Points} from @param {Points & { data: Uint8ClampedArray }} to @param {Taps[]} taps @param {number} lines @param {number} [start] the first line that is written */
export function resizeAlong(from, to, taps, lines, start = 0) {
  for (let line = 0; line < lines; line++) {
    taps.forEach(({ first, weights }, i) => {
      let red = 2 ** (BITS - 1), green = red, blue = red, alpha = red; // a half, to round
      for (let k = 0, at = 4 * (line * from.across + first * from.along); k < weights.length; k++, at += 4 * from.along) {
        red += weights[k] * from.data[at];
        green += weights[k] * from.data[at + 1];
        blue += weights[k] * from.data[at + 2];
        alpha += weights[k] * from.data[at + 3];
      }
      const at = 4 * ((start + line) * to.across + i * to.along);
      to.data[at] = red >> BITS;
      to.data[at + 1] = green >> BITS;
      to.data[at + 2] = blue >> BITS;
      to.data[at + 3] = alpha >> BITS;
    });
  }
}

/** Resizes a picture whose rows come in strips, so that a large one is never there twice.
 * @param {(top: number, rows: number) => { data: ArrayLike<number>, across: number }} read @param {number} w @param {number} h @param {number} width @param {number} height @returns {Uint8ClampedArray} */
export function resize(read, w, h, width, height) {
  const narrow = new Uint8ClampedArray(4 * width * h), small = new Uint8ClampedArray(4 * width * height);
  const taps = tapsOf(w, width), most = 64;
  for (let top = 0; top < h; top += most) {
    const rows = Math.min(most, h - top);
    resizeAlong({ ...read(top, rows), along: 1 }, { data: narrow, along: 1, across: width }, taps, rows, top);
  }
  resizeAlong({ data: narrow, along: width, across: 1 }, { data: small, along: width, across: 1 }, tapsOf(h, height), width);
  return small;
}
