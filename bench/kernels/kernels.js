// How long does each kernel of a training step take? Each is called alone, in turn with the others; the quickest of many
// rounds counts, so that other programs disturb little.

import { callsIn, interleave, loadPeak, report } from './measure.js';

report(async ({ rounds, slice }) => {
  const { pages, procedure, sizes, kernels, writes } = await (await fetch('program.json')).json();
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
  const { instance } = await WebAssembly.instantiateStreaming(fetch('program.wasm'), { env: { memory } });
  const bytes = new Uint8Array(memory.buffer);
  for (const { at, file } of writes) bytes.set(new Uint8Array(await (await fetch(file)).arrayBuffer()), at);
  const whole = () => instance.exports[procedure](...sizes);
  if (whole()) throw new Error('the guard stopped the procedure');

  const peak = await loadPeak();
  const contenders = { whole: { run: whole }, peak: { run: peak.run } };
  for (let k = 0; k < kernels; k++) contenders[k] = { run: () => instance.exports[`${procedure}/${k}`](1) };
  for (const contender of Object.values(contenders)) contender.calls = await callsIn(contender.run, slice, 30);
  const times = await interleave(contenders, rounds);
  const least = Object.fromEntries(Object.entries(times).map(([name, all]) => [name, Math.min(...all)]));
  return { whole: least.whole, peak: peak.gflops(least.peak), kernels: Array.from({ length: kernels }, (_, k) => least[k]) };
});
