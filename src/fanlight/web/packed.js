// What does a file hold that was compressed for hosts that compress nothing? Its first byte tells: neither WebAssembly nor
// safetensors begin as gzip does.

import { toBytes } from './layout.js';

/** @param {Uint8Array} bytes @returns {Uint8Array | Promise<Uint8Array>} */
export const inflated = (bytes) => (bytes[0] === 31 ? toBytes(bytes, new DecompressionStream('gzip')) : bytes);
