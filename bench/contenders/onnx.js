// How is ONNX Runtime Web set up? Its WebAssembly backend, all optimizations on, on a model file.

import * as ort from '../peers/ort/ort.wasm.min.mjs';

/** @param {string} file @param {{ name: string, array: Float32Array, shape: number[] }[]} inputs @param {number} threads */
export async function contender(file, inputs, threads) {
  ort.env.wasm.numThreads = threads;
  ort.env.wasm.wasmPaths = new URL('../peers/ort/', import.meta.url).href;
  const bytes = new Uint8Array(await (await fetch(file)).arrayBuffer());
  const session = await ort.InferenceSession.create(bytes, { executionProviders: ['wasm'], graphOptimizationLevel: 'all' });
  const feeds = Object.fromEntries(inputs.map(({ name, array, shape }) => [name, new ort.Tensor('float32', array, shape)]));
  const run = async () => {
    const [first] = Object.values(await session.run(feeds));
    return first.data;
  };
  await run();
  return { run };
}
