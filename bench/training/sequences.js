// A recurrent classifier of sequences, as users of TensorFlow.js write it.

import { besideTensorflow } from './beside.js';
import { report } from './measure.js';

const [STEPS, FEATURES, UNITS, CLASSES] = [40, 64, 64, 10];

const task = {
  input: 'x',
  shape: [STEPS, FEATURES],
  classes: CLASSES,
  weights: ['lstm/cell/kernel', 'lstm/cell/recurrent_kernel', 'lstm/cell/bias', 'dense/kernel', 'dense/bias'],
  layers: ({ lstm, dense }) => [
    lstm({ units: UNITS, inputShape: [STEPS, FEATURES], recurrentActivation: 'sigmoid' }),
    dense({ units: CLASSES, activation: 'softmax' }),
  ],
};

report((settings) => besideTensorflow(settings, task));
