// Which of the bundle's codes can this browser run? Found by asking it to validate a module of one function.

import { BrowserError } from './errors.js';

/** @param {number[]} body instructions that leave nothing on the stack @returns {boolean} */
const isValid = (...body) => WebAssembly.validate(Uint8Array.of(
  0, 97, 115, 109, 1, 0, 0, 0, 1, 4, 1, 96, 0, 0, 3, 2, 1, 0, 10, body.length + 4, 1, body.length + 2, 0, ...body, 11,
));
const SPLAT = [65, 0, 253, 15]; // i32.const 0, i8x16.splat
const DROP = 26;

/** @param {Record<string, string>} code variant -> file @param {boolean} reproducible @returns {string} */
export function chooseVariant(code, reproducible) {
  if (!globalThis.WebAssembly || !isValid(...SPLAT, DROP)) {
    throw new BrowserError('this browser has no WebAssembly SIMD; Chrome 91, Firefox 89, Safari 16.4 and newer ones have it');
  }
  // 253, 133, 2: f32x4.relaxed_madd
  return !reproducible && code.relaxed && isValid(...SPLAT, ...SPLAT, ...SPLAT, 253, 133, 2, DROP) ? 'relaxed' : 'portable';
}
