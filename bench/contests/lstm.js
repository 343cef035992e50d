// The LSTM as users of TensorFlow.js write it. jax-js has no loop over steps.

import { sequential } from '../contenders/tensorflow.js';

export function tensorflow(tf, weights) {
  const { kernel, recurrent, bias } = Object.fromEntries(weights.map(({ name, array }) => [name, array]));
  const units = bias.length / 4;
  const layer = tf.layers.lstm({ units, inputShape: [null, kernel.length / bias.length], recurrentActivation: 'sigmoid' });
  const model = sequential([layer], [kernel, recurrent, bias]);
  return ({ x }) => model.predict(x);
}
