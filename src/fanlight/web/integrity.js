// Are these the bytes that the manifest states? SHA-256, by the browser where it offers it, else computed here: an http
// origin in a local network has no WebCrypto. Constants and rounds: FIPS 180-4.

/** @param {Uint8Array} bytes @returns {Promise<string>} SHA-256 in hex */
export async function sha256(bytes) {
  const found = await globalThis.crypto?.subtle?.digest('SHA-256', /** @type {BufferSource} */ (bytes)) ?? computeSha256(bytes);
  return Array.from(new Uint8Array(found), (byte) => (byte + 256).toString(16).slice(1)).join('');
}

const rotate = (/** @type {number} */ x, /** @type {number} */ n) => (x >>> n) | (x << (32 - n));

/** @param {Uint8Array} bytes @returns {Uint8Array} SHA-256, without WebCrypto */
export function computeSha256(bytes) {
  /** @type {number[]} */
  const primes = [];
  for (let n = 2; primes.length < 64; n++) if (primes.every((prime) => n % prime)) primes.push(n);
  // The first 32 bits of the fractional part of a root: a double holds them with bits to spare.
  const bits = (/** @type {(x: number) => number} */ root) => Int32Array.from(primes, (prime) => (root(prime) % 1) * 2 ** 32);
  const k = bits(Math.cbrt), state = bits(Math.sqrt).slice(0, 8), w = new Int32Array(64);
  const view = new DataView(new ArrayBuffer((bytes.length + 72) & -64));
  new Uint8Array(view.buffer).set(bytes);
  view.setUint8(bytes.length, 128);
  view.setBigUint64(view.byteLength - 8, BigInt(bytes.length) * 8n);
  for (let at = 0; at < view.byteLength; at += 64) {
    let [a, b, c, d, e, f, g, h] = state;
    for (let i = 0; i < 64; i++) {
      const x = w[i - 15], y = w[i - 2];
      w[i] = i < 16
        ? view.getInt32(at + 4 * i)
        : w[i - 16] + w[i - 7] + (rotate(x, 7) ^ rotate(x, 18) ^ (x >>> 3)) + (rotate(y, 17) ^ rotate(y, 19) ^ (y >>> 10));
      const t = h + (rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)) + (g ^ (e & (f ^ g))) + k[i] + w[i];
      const u = (rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)) + ((a & b) | (c & (a | b)));
      h = g; g = f; f = e; e = (d + t) | 0; d = c; c = b; b = a; a = (t + u) | 0;
    }
    [a, b, c, d, e, f, g, h].forEach((value, i) => { state[i] += value; });
  }
  return new Uint8Array(state.buffer).map((_, i, all) => all[i ^ 3]);
}
