// The perceptron as users of TensorFlow.js and jax-js write it. Weights: w0, b0, w1, b1, ...

import { sequential } from '../contenders/tensorflow.js';

export function tensorflow(tf, weights) {
  const kernels = weights.filter(({ name }) => name.startsWith('w'));
  const layers = kernels.map(({ shape }, k) => tf.layers.dense({
    units: shape[1], inputShape: [shape[0]], activation: k < kernels.length - 1 ? 'relu' : 'softmax',
  }));
  const model = sequential(layers, weights.map(({ array }) => array));
  return ({ x }) => model.predict(x);
}

export function jax({ nn, numpy }, weights) {
  const arrays = weights.map(({ array, shape }) => numpy.array(array).reshape(shape));
  return ({ x }) => {
    let h = x;
    for (let k = 0; k < arrays.length; k += 2) {
      h = numpy.matmul(h, arrays[k].ref).add(arrays[k + 1].ref);
      h = k < arrays.length - 2 ? nn.relu(h) : nn.softmax(h);
    }
    return h;
  };
}
