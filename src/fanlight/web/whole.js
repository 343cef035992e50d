// Stands in for packed.js in the one-file form, whose files inline.js has unpacked.

/** @param {Uint8Array} bytes */
export const inflated = (bytes) => bytes;
