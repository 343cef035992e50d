// How is time taken in a page? What the pages of all measurements share: clocks, medians, and the way back to the driver.

/** Milliseconds of one call of `run`, over so many; it may be asynchronous. */
export async function time(run, calls) {
  const start = performance.now();
  for (let i = 0; i < calls; i++) {
    const done = run(i);
    if (done instanceof Promise) await done;
  }
  return (performance.now() - start) / calls;
}

export const median = (values) => {
  const sorted = Float64Array.from(values).sort();
  return (sorted[(sorted.length - 1) >> 1] + sorted[sorted.length >> 1]) / 2;
};

/** How many calls fill `slice` milliseconds, after `warm` milliseconds of them: the first run in quick baseline code. */
export async function callsIn(run, slice, warm) {
  const end = performance.now() + warm;
  let calls = 1;
  for (;;) {
    const taken = calls * (await time(run, calls));
    if (performance.now() >= end) return Math.max(1, Math.round((calls * slice) / taken));
    if (taken < slice) calls *= 2;
  }
}

/** Times contenders, `{ name: { run, calls } }`, in turn for so many rounds; gives the times of each by name. */
export async function interleave(contenders, rounds) {
  const times = Object.fromEntries(Object.keys(contenders).map((name) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    for (const [name, { run, calls, before }] of Object.entries(contenders)) {
      await before?.();
      times[name].push(await time(run, calls));
    }
  }
  return times;
}

/** The largest difference between two lists of numbers, relative to the second, or to 1 where that is below. */
export function difference(found, expected) {
  if (found.length !== expected.length) throw new Error(`expected ${expected.length} numbers, got ${found.length}`);
  return expected.reduce((worst, e, i) => Math.max(worst, Math.abs(found[i] - e) / Math.max(1, Math.abs(e))), 0);
}

/** The multiply-adds that this core can do: milliseconds of a run of peak.wasm become GFLOP/s. */
export async function loadPeak() {
  const { flops } = await (await fetch('peak.json')).json();
  const { instance } = await WebAssembly.instantiateStreaming(fetch('peak.wasm'));
  const turns = 20000;
  return { run: () => instance.exports.peak(turns), gflops: (milliseconds) => (flops * turns * 1e-6) / milliseconds };
}

/** An exported model's code without its runtime: the functions, and views of their inputs, outputs and state. */
export async function openBare(site, model, sizes) {
  const { manifest } = model;
  const { pages, versions } = manifest.memory;
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
  const { body } = await fetch(new URL(manifest.code[model.diagnostics().variant], site));
  const code = new Response(body.pipeThrough(new DecompressionStream('gzip')), { headers: { 'content-type': 'application/wasm' } });
  const { instance } = await WebAssembly.instantiateStreaming(code, { env: { memory } });
  const length = (dim) => (typeof dim === 'number' ? dim : dim.reduce((sum, [n, ...names]) => sum + names.reduce((p, name) => p * sizes[name], n), 0));
  const types = { float32: Float32Array, uint8: Uint8Array };
  const view = ({ dtype, offset, shape }) => new types[dtype](memory.buffer, offset, shape.reduce((total, dim) => total * length(dim), 1));
  const state = await model.weights({ all: true });
  for (const slot of manifest.state) {
    const { buffer, byteOffset, byteLength } = state[slot.name];
    new Uint8Array(memory.buffer, slot.offset).set(new Uint8Array(buffer, byteOffset, byteLength));
    new Int32Array(memory.buffer, versions)[slot.group]++;
  }
  const views = (slots) => Object.fromEntries(slots.map((slot) => [slot.name, view(slot)]));
  const functionOf = (name) => {
    const { inputs, outputs } = manifest.functions[name];
    return { run: instance.exports[name], inputs: views(inputs), outputs: views(outputs) };
  };
  return { exports: instance.exports, functionOf };
}

/** Runs a page's measurement with the numbers of its address; the driver waits for `window.result`. */
export async function report(measure) {
  try {
    const settings = Object.fromEntries([...new URLSearchParams(location.search)].map(([name, value]) => [name, Number(value)]));
    window.result = await measure(settings);
  } catch (error) {
    window.result = { error: String(error?.stack ?? error) };
  }
}
