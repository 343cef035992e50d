// Which of the bundle's codes can this browser run? Found by asking it to validate a module of one function.

const SPLAT = [65, 0, 253, 15]; // i32.const 0, i8x16.splat
const MADD = [253, 133, 2]; // f32x4.relaxed_madd
const DROP = 26;
// A module of one function without arguments, locals or results.
const RELAXED = [
  0, 97, 115, 109, 1, 0, 0, 0, 1, 4, 1, 96, 0, 0, 3, 2, 1, 0, 10, 20, 1, 18, 0, ...SPLAT, ...SPLAT, ...SPLAT, ...MADD, DROP, 11,
];

/** @param {Record<string, string>} code variant -> file @param {boolean} reproducible @returns {string} */
export const chooseVariant = (code, reproducible) =>
  (!reproducible && code.relaxed && WebAssembly.validate(Uint8Array.from(RELAXED)) ? 'relaxed' : 'portable');
