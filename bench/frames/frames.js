// Frames a second of examples/hands and of TensorFlow.js: from a canvas to the boxes that are left.

import { tf, useBackend } from './contenders/tensorflow.js';
import { callsIn, difference, interleave, median } from './measure.js';
import { load } from './whole/index.js';
import { Hands } from './site/hands.js';

const OUTPUTS = ['StatefulPartitionedCall/Postprocessor/Slice', 'StatefulPartitionedCall/Postprocessor/ExpandDims_1'];
const PHOTOS = ['hand_1.jpg', 'hand_3.jpg', 'hand_5.jpg', 'hand_hand.jpg'];
const SIDE = 320, BOXES = 20, OVERLAP = 0.45, LEAST = 0.55, NEAR = 1e-3;

const photo = async (name) => createImageBitmap(await (await fetch(`photos/${name}`)).blob());

/** A canvas of this size with a picture, all of it. */
function canvasOf(picture, width, height) {
  const canvas = Object.assign(document.createElement('canvas'), { width, height });
  canvas.getContext('2d', { willReadFrequently: true }).drawImage(picture, 0, 0, width, height);
  return canvas;
}

/** All scores and boxes of the photos at the model's size, by both: the largest difference. */
async function compare(model) {
  const whole = await load(new URL('whole/', location.href).href);
  let worst = 0;
  for (const name of PHOTOS) {
    const { data } = canvasOf(await photo(name), SIDE, SIDE).getContext('2d').getImageData(0, 0, SIDE, SIDE);
    const pixels = Uint8Array.from({ length: 3 * SIDE * SIDE }, (_, i) => data[4 * Math.floor(i / 3) + (i % 3)]);
    const ours = await whole.predict(pixels);
    const input = tf.tensor(pixels, [1, SIDE, SIDE, 3], 'int32');
    const theirs = await model.executeAsync(input, OUTPUTS);
    for (const [k, key] of ['scores', 'boxes'].entries()) worst = Math.max(worst, difference(ours[key], await theirs[k].data()));
    tf.dispose([input, theirs]);
  }
  whole.dispose();
  if (!(worst < NEAR)) throw new Error(`the outputs differ by ${worst}`);
  return worst;
}

/** What handtrack.js does with a frame. */
async function detect(model, canvas) {
  const input = tf.tidy(() => tf.cast(tf.image.resizeBilinear(tf.expandDims(tf.browser.fromPixels(canvas)), [SIDE, SIDE]), 'int32'));
  const [scores, boxes] = await model.executeAsync(input, OUTPUTS);
  const [best, places] = tf.tidy(() => [tf.squeeze(tf.max(scores, 2)), tf.reshape(boxes, [-1, 4])]);
  const kept = await tf.image.nonMaxSuppressionAsync(places, best, BOXES, OVERLAP, LEAST);
  const found = await Promise.all([kept, scores, boxes].map((each) => each.data()));
  tf.dispose([input, scores, boxes, best, places, kept]);
  return found[0].length;
}

export async function measure({ rounds, slice, threads }) {
  const canvas = canvasOf(await photo('hand_5.jpg'), 640, 480);
  const hands = await Hands.load({ threads, mirror: false });
  const seen = await hands.detect(canvas);
  const contenders = { Fanlight: { run: () => hands.detect(canvas) } };
  const counts = { Fanlight: seen.hands.length + seen.faces.length };
  let worst = 0;
  for (const backend of threads > 1 ? ['wasm'] : ['wasm', 'webgl']) {
    await useBackend(backend);
    const model = await tf.loadGraphModel('tfjs/model.json');
    worst ||= await compare(model);
    counts[backend] = await detect(model, canvas);
    contenders[`TensorFlow.js, ${backend}`] = { run: () => detect(model, canvas), before: () => useBackend(backend) };
  }
  if (!seen.hands.length) throw new Error('no hand was found');
  for (const contender of Object.values(contenders)) {
    await contender.before?.();
    contender.calls = await callsIn(contender.run, slice, 2 * slice);
  }
  const times = await interleave(contenders, rounds);
  const milliseconds = Object.fromEntries(Object.entries(times).map(([name, values]) => [name, median(values)]));
  return { times, milliseconds, counts, difference: worst, threads, facts: hands.facts };
}
