// What does a function of the page's model give? Arrays are { dtype, shape, bytes in base64 } by name; those in `raw` are made
// by the function named there first. Out: the bytes of each output, and the variant that ran. `index` is loaded, if it is given.

async ({ index, options, name, cases }) => {
  if (index) globalThis.verified = await (await import(index)).load(options);
  const model = globalThis.verified ?? globalThis.fanlightPage?.model;
  const types = { float32: Float32Array, int32: Int32Array, uint32: Uint32Array, int64: BigInt64Array, uint8: Uint8Array, int8: Int8Array, bool: Uint8Array };
  const decode = ({ dtype, shape, bytes }) => ({ data: new types[dtype](Uint8Array.from(atob(bytes), (letter) => letter.charCodeAt(0)).buffer), shape });
  const encode = ({ buffer, byteOffset, byteLength }) => {
    const bytes = new Uint8Array(buffer, byteOffset, byteLength);
    let text = '';
    for (let k = 0; k < bytes.length; k += 8192) text += String.fromCharCode(...bytes.subarray(k, k + 8192));
    return btoa(text);
  };
  const found = [];
  for (const { given, raw } of cases) {
    const inputs = Object.fromEntries(Object.entries(given).map(([key, array]) => [key, decode(array)]));
    for (const [key, by] of Object.entries(raw)) {
      const prepared = await model.call(by, { [key]: inputs[key] });
      inputs[key] = { data: prepared[key], shape: inputs[key].shape };
    }
    const outputs = await model.call(name, inputs);
    found.push(Object.fromEntries(Object.entries(outputs).map(([key, array]) => [key, encode(array)])));
  }
  const { variant, thread, threads } = model.diagnostics();
  return { found, variant, thread, threads };
}
