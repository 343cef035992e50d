// How does a program travel in a link? Compressed, behind the #, which no browser sends to a server.

const START = '#program=';

/** @param {Uint8Array<ArrayBuffer>} bytes @param {CompressionStream | DecompressionStream} through */
const stream = async (bytes, through) => new Uint8Array(await new Response(new Blob([bytes]).stream().pipeThrough(through)).arrayBuffer());

/** @param {string} text @returns {Promise<string>} the fragment */
export async function toFragment(text) {
  const packed = await stream(new TextEncoder().encode(text), new CompressionStream('deflate-raw'));
  const letters = btoa(Array.from(packed, (byte) => String.fromCharCode(byte)).join(''));
  return START + letters.replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '');
}

/** @param {string} fragment @returns {Promise<string | undefined>} the program; undefined where there is none, or a broken one */
export async function fromFragment(fragment) {
  if (!fragment.startsWith(START)) return undefined;
  try {
    const letters = atob(fragment.slice(START.length).replaceAll('-', '+').replaceAll('_', '/'));
    const packed = Uint8Array.from(letters, (letter) => letter.charCodeAt(0));
    return new TextDecoder().decode(await stream(packed, new DecompressionStream('deflate-raw')));
  } catch {
    return undefined;
  }
}
