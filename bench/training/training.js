// The network of the TensorFlow.js MNIST tutorial, as its users write it.

import { besideTensorflow } from './beside.js';
import { report } from './measure.js';

const task = {
  input: 'image',
  shape: [28, 28, 1],
  classes: 10,
  weights: ['conv1', 'conv2', 'dense'].flatMap((name) => [`${name}/kernel`, `${name}/bias`]),
  layers: ({ conv2d, maxPooling2d, flatten, dense }) => [
    conv2d({ inputShape: [28, 28, 1], kernelSize: 5, filters: 8, activation: 'relu' }),
    maxPooling2d({ poolSize: 2, strides: 2 }),
    conv2d({ kernelSize: 5, filters: 16, activation: 'relu' }),
    maxPooling2d({ poolSize: 2, strides: 2 }),
    flatten(),
    dense({ units: 10, activation: 'softmax' }),
  ],
};

report((settings) => besideTensorflow(settings, task));
