// How is jax-js set up? Its WebAssembly backend and a function under jit; arrays are consumed, so references are taken.
// It has no option for threads and takes as many as the browser says there are: the browser is made to say how many.

import * as jax from '../peers/jax/index.js';

let ready;

/** @param {(jax: any) => (arrays: Record<string, any>) => any} build @param {{ name: string, array: Float32Array, shape: number[] }[]} inputs @param {number} threads */
export async function contender(build, inputs, threads) {
  Object.defineProperty(navigator, 'hardwareConcurrency', { value: threads, configurable: true });
  ready ??= jax.init('wasm').then(() => jax.defaultDevice('wasm'));
  await ready;
  const names = inputs.map(({ name }) => name);
  const call = build(jax);
  const compiled = jax.jit((...arrays) => call(Object.fromEntries(arrays.map((array, i) => [names[i], array]))));
  const arrays = inputs.map(({ array, shape }) => jax.numpy.array(array).reshape(shape));
  const run = async () => (await compiled(...arrays.map((array) => array.ref))).data();
  await run();
  return { run };
}
