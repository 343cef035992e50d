// A product as users of TensorFlow.js and jax-js write it.

export const tensorflow = (tf) => ({ a, b }) => tf.matMul(a, b);

export const jax = ({ numpy }) => ({ a, b }) => numpy.matmul(a, b);
