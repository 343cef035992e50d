// How do TensorFlow.js and jax-js compute what is measured with several threads? As with one.

import * as matmul from './matmul.js';
import * as mlp from './mlp.js';

const builders = (job) => (job.name === 'mlp' ? mlp : matmul);

export const tensorflow = (tf, weights, job) => builders(job).tensorflow(tf, weights, job);
export const jax = (library, weights, job) => builders(job).jax(library, weights, job);
