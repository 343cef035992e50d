// Notes what the model of a page is shown from now on: with `start`, its calls are listened to; without, what was heard is given.
// Out: arrays as { dtype, bytes in base64 }, and the pictures of all drawing pads.

async (start) => {
  const model = globalThis.fanlightPage?.model ?? globalThis.verified;
  if (start) {
    const heard = globalThis.fanlightHeard = [];
    const walk = (value) => {
      if (ArrayBuffer.isView(value)) heard.push(value.slice());
      else if (Array.isArray(value) && value.every(Number.isFinite)) heard.push(Float32Array.from(value));
      else if (value && typeof value === 'object') Object.values(value).forEach(walk);
    };
    for (const name of ['predict', 'predictSync', 'call', 'fit', 'trainStep', 'evaluate']) {
      const original = model[name].bind(model);
      model[name] = (...values) => {
        walk(values);
        return original(...values);
      };
    }
    return [];
  }
  const encode = (bytes) => btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''));
  const arrays = globalThis.fanlightHeard.slice(-200).map((array) => {
    const few = array.subarray(0, 4096);
    return { dtype: array.constructor.name.replace('Array', '').toLowerCase(), bytes: encode(new Uint8Array(few.buffer, few.byteOffset, few.byteLength)) };
  });
  const pads = Array.from(document.querySelectorAll('canvas[role=application]'), (pad) => pad.toDataURL());
  return { arrays, pads };
}
