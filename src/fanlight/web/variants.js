// Which of the bundle's codes can this browser run? Found by asking it to validate a module of one function.

// (func (param v128) (drop (f32x4.relaxed_madd (local.get 0) (local.get 0) (local.get 0))))
const RELAXED = [
  0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 1, 123, 0, 3, 2, 1, 0, 10, 14, 1, 12, 0, 32, 0, 32, 0, 32, 0, 253, 133, 2, 26, 11,
];

/** @param {Record<string, string>} code variant -> file @param {boolean} reproducible @returns {string} */
export const chooseVariant = (code, reproducible) =>
  (!reproducible && code.relaxed && globalThis.WebAssembly?.validate(new Uint8Array(RELAXED)) ? 'relaxed' : 'portable');
