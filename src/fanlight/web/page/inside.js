// What is inside the model? The widgets, over the model of this page: which classes it mixes up, its layers, its weights as they
// are now, and the time of each kernel.

import { confusionMatrix } from '../widgets/confusion.js';
import { factsOf } from '../widgets/facts.js';
import { weightHistogram } from '../widgets/histogram.js';
import { layerTable } from '../widgets/layers.js';
import { kernelTimes } from '../widgets/times.js';
import { argmax } from './app.js';
import { byId, latest } from './dom.js';

const MOST = 20; // classes that a matrix has room for

/** @param {import('./app.js').App} app */
export async function start(app) {
  const { model } = app;
  const histogram = await weightHistogram(byId('inside-weights'), model);
  app.on('weights', histogram.update);
  if ((await factsOf(model, 'inside')).layers) await layerTable(byId('inside-layers'), model);
  await kernelTimes(byId('inside-times'), model);
  await showMatrix(app);
}

/** Over the shipped examples that are held back, or all where none are. @param {import('./app.js').App} app */
async function showMatrix(app) {
  const { train, test = train } = await app.data();
  if (app.meant.kind !== 'classes' || !test || app.labels.length < 2 || app.labels.length > MOST) return;
  const matrix = confusionMatrix(byId('inside-matrix'), { labels: app.labels, title: 'Which classes it mixes up' });
  const measure = latest(async () => {
    const answers = await app.predict(/** @type {Float32Array} */ (test.x.data));
    matrix.clear(app.labels);
    matrix.add(/** @type {any} */ (test.y.data), Array.from({ length: test.y.data.length }, (_, i) => argmax(answers.subarray(i * app.width, i * app.width + app.labels.length))));
  });
  app.on('weights labels', measure);
  measure();
}
