// Uses the model of a page once in every way: each exported function is called, and where it trains, a step is fitted.
// In: arrays as { dtype, shape, bytes in base64 } by name, by function. Out: what was called, and the variant that ran.

async ({ calls, training }) => {
  const model = globalThis.fanlightPage?.model ?? globalThis.verified;
  const types = { float32: Float32Array, int32: Int32Array, uint32: Uint32Array, int64: BigInt64Array, uint8: Uint8Array, int8: Int8Array, bool: Uint8Array };
  const decode = ({ dtype, shape, bytes }) => {
    const raw = Uint8Array.from(atob(bytes), (letter) => letter.charCodeAt(0));
    return { data: new types[dtype](raw.buffer), shape };
  };
  const decoded = (arrays) => Object.fromEntries(Object.entries(arrays).map(([name, array]) => [name, decode(array)]));
  const pick = (arrays, names) => Object.fromEntries(names.map((name) => [name, arrays[name]]));
  const done = [];
  for (const [name, arrays] of Object.entries(calls)) {
    await model.call(name, decoded(arrays));
    done.push(name);
  }
  if (training && calls.train_step) {
    const arrays = decoded(calls.train_step);
    await model.fit(pick(arrays, training.inputs), pick(arrays, training.targets), { epochs: 1 });
    done.push('fit');
  }
  return { done, variant: model.diagnostics().variant };
}
