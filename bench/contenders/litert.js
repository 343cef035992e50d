// How is LiteRT.js set up? Its CPU executor (XNNPACK in WebAssembly), on a model file with frozen weights.

import { Tensor, loadAndCompile, loadLiteRt } from '../peers/litert/index.js';

let loaded;

/** @param {string} file @param {{ name: string, array: Float32Array, shape: number[] }[]} inputs in the order of the file @param {number} threads
 *  @param {number} [scale] what a step of an 8-bit output stands for */
export async function contender(file, inputs, threads, scale) {
  loaded ??= loadLiteRt(new URL('../peers/litert/wasm/', import.meta.url).href, { threads: threads > 1 });
  await loaded;
  const model = await loadAndCompile(file, { accelerator: 'wasm', cpuOptions: { numThreads: threads } });
  const tensors = inputs.map(({ array, shape }) => new Tensor(array, shape));
  const run = async () => {
    const outputs = await model.run(tensors);
    const values = outputs[0].toTypedArray().slice();
    for (const each of outputs) each.delete();
    return scale ? Float32Array.from(values, (step) => step * scale) : values;
  };
  await run();
  return { run };
}
