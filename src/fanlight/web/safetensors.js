// What does a safetensors file hold? Named arrays that share its bytes. Whether it is whole is asked elsewhere: by its hash
// where the manifest states it, by storage.js where a visitor brings it. Format: https://huggingface.co/docs/safetensors

/** @typedef {import('./types.d.ts').Dtype} Dtype */
/** @typedef {{ dtype: Dtype, shape: number[], bytes: Uint8Array }} Entry */

/** The format's names of dtypes. @type {Record<string, Dtype>} */
export const CODES = { F32: 'float32', I32: 'int32', U32: 'uint32', I64: 'int64', U8: 'uint8', I8: 'int8', BOOL: 'bool' };

/** @param {Uint8Array} file @returns {any} its header: the arrays' places, and __metadata__ */
export const readHeader = (file) => JSON.parse(new TextDecoder().decode(file.subarray(8, startOf(file))));
const startOf = (/** @type {Uint8Array} */ file) => 8 + Number(new DataView(file.buffer, file.byteOffset).getBigUint64(0, true));

/** @param {Uint8Array} file @returns {[string, Entry][]} */
export function readSafetensors(file) {
  const header = readHeader(file);
  delete header.__metadata__;
  const data = file.subarray(startOf(file));
  return Object.entries(header).map(([name, { dtype, shape, data_offsets: offsets }]) =>
    [name, { dtype: CODES[dtype], shape, bytes: data.subarray(...offsets) }]);
}
