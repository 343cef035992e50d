// What can a page show of a model, besides its answers? Charts of a training, what is mixed up, weights, layers, times. A page
// imports this file by its name; each takes an element to stand in, and no style sheet is needed.

export { lossChart } from './widgets/curves.js';
export { confusionMatrix } from './widgets/confusion.js';
export { weightHistogram } from './widgets/histogram.js';
export { layerTable } from './widgets/layers.js';
export { kernelTimes } from './widgets/times.js';
