// How is TensorFlow.js set up? SIMD, and models with given weights. Knows what a tensor is, but no clock.

const { tf } = globalThis;
tf.enableProdMode(); // no checks of numbers and shapes
tf.wasm.setWasmPaths('peers/');
// With threads the module is another one; measurements of one thread leave it out.
tf.env().set('WASM_HAS_MULTITHREAD_SUPPORT', globalThis.crossOriginIsolated && new URLSearchParams(location.search).get('threads') > 1);

/** Makes a backend the one that is used; says why where it cannot be. */
export async function useBackend(name) {
  if (tf.getBackend() === name) return;
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

/** Contenders of one function of tensors, for each backend that can do it: `build(tf)` gives the function. */
export async function contenders(backends, build, inputs) {
  const found = {}, unable = {};
  for (const backend of backends) {
    const name = `TensorFlow.js, ${backend}`;
    try {
      await useBackend(backend);
      const call = await build(tf);
      const tensors = Object.fromEntries(inputs.map(({ name: label, array, shape, dtype }) => [label, tf.tensor(array, shape, dtype === 'uint8' ? 'int32' : dtype)]));
      const run = async () => {
        // What a model with loops gives is awaited, and `tidy` takes nothing that is.
        const y = await (call.isAwaited ? call(tensors) : tf.tidy(() => call(tensors)));
        const values = await y.data();
        y.dispose();
        return values;
      };
      await run();
      found[name] = { run, before: () => useBackend(backend) };
    } catch (error) {
      unable[name] = String(error?.message ?? error).split('\n')[0];
    }
  }
  return { found, unable };
}

export { tf };
