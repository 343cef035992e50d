// How long do a prediction and a training step take here? What users call, warm, medians; and what the core can do at most.
// In: the module's address, inputs by function, how long to measure. Out: milliseconds, and GFLOP/s of the peak.

async ({ index, peak, flops, predict, step, slice }) => {
  const { load } = await import(index);
  const model = await load();
  const bytes = (text) => Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  const types = { float32: Float32Array, int32: Int32Array, uint32: Uint32Array, int64: BigInt64Array, uint8: Uint8Array, int8: Int8Array, bool: Uint8Array };
  const arrays = (slots) => Object.fromEntries(Object.entries(slots).map(([name, [dtype, text]]) => [name, new types[dtype](bytes(text).buffer)]));
  // Clocks are coarse: several calls are timed together, so many that they take a twentieth of the slice.
  const measure = async (run) => {
    let calls = 1;
    const together = async () => {
      const start = performance.now();
      for (let i = 0; i < calls; i++) await run();
      return performance.now() - start;
    };
    for (const end = performance.now() + slice; performance.now() < end;) if (await together() < slice / 20) calls *= 2;
    const times = [];
    for (const end = performance.now() + slice; performance.now() < end || times.length < 3;) times.push(await together() / calls);
    return times.sort((a, b) => a - b)[times.length >> 1];
  };
  const { instance } = await WebAssembly.instantiate(bytes(peak));
  const turns = 20000;
  const found = { gflops: (flops * turns * 1e-6) / await measure(() => instance.exports.peak(turns)) };
  if (predict) {
    const inputs = arrays(predict);
    found.predict = await measure(() => model.predict(inputs));
  }
  if (step) {
    const [inputs, targets] = step.map(arrays);
    found.step = await measure(() => model.trainStep(inputs, targets));
  }
  const { variant, thread } = model.diagnostics();
  model.dispose();
  return { ...found, variant, thread };
}
