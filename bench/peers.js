// How is TensorFlow.js set up? One thread, SIMD, and models with given weights. Knows what a tensor is, but no clock.

const { tf } = globalThis;
tf.enableProdMode(); // no checks of numbers and shapes
tf.wasm.setWasmPaths('peers/');
// With threads the module would be another one; all contenders have one thread.
tf.env().set('WASM_HAS_MULTITHREAD_SUPPORT', false);

/** Makes a backend the one that is used; says why where it cannot be. */
export async function useBackend(name) {
  if (!(await tf.setBackend(name))) throw new Error(`the backend ${name} could not be set up`);
  await tf.ready();
}

/** A sequential model with the given weights, in the order of its layers: kernel, bias, kernel, bias, ... */
export function sequential(layers, weights) {
  const model = tf.sequential({ layers });
  const tensors = model.getWeights().map((old, i) => tf.tensor(weights[i], old.shape));
  model.setWeights(tensors);
  tf.dispose(tensors);
  return model;
}

export { tf };
