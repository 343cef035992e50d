// What does a safetensors file hold? Named arrays that share its bytes. Whether it is whole is asked elsewhere: by its hash
// where the manifest states it, by storage.js where a visitor brings it. Format: https://huggingface.co/docs/safetensors

/** @typedef {import('./types.d.ts').Dtype} Dtype */
/** @typedef {{ dtype: Dtype, shape: number[], bytes: Uint8Array }} Entry */

/** The format's names of dtypes. @type {Record<string, Dtype>} */
export const CODES = { F32: 'float32', I32: 'int32', U32: 'uint32', I64: 'int64', U8: 'uint8', BOOL: 'bool' };

/** @param {Uint8Array} file the arrays' descriptions, and the texts that stand beside them */
export function readHeader(file) {
  const start = 8 + Number(new DataView(file.buffer, file.byteOffset).getBigUint64(0, true));
  const { __metadata__: metadata = {}, ...arrays } = JSON.parse(new TextDecoder().decode(file.subarray(8, start)));
  return { start, metadata, arrays };
}

/** @param {Uint8Array} file @returns {[string, Entry][]} */
export function readSafetensors(file) {
  const { start, arrays } = readHeader(file);
  return Object.entries(arrays).map(([name, { dtype, shape, data_offsets: [from, to] }]) =>
    [name, { dtype: CODES[dtype], shape, bytes: file.subarray(start + from, start + to) }]);
}
