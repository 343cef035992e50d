// What does the model see in a frame? The worker's side of hands.js: bitmaps in, the hundred surest boxes with their scores out.

import { load } from './index.js';

/** @type {any} */
let model;
const context = new OffscreenCanvas(1, 1).getContext('2d', { willReadFrequently: true });

async function open({ threads }) {
  // The calling thread is this worker: a frame takes no further way.
  model = await load({ thread: 'page', threads, onProgress: (progress) => postMessage({ progress }) });
  return { ...model.diagnostics(), labels: model.manifest.meanings.scores?.labels };
}

function find({ bitmap }) {
  const { width, height } = bitmap;
  const start = performance.now();
  Object.assign(context.canvas, { width, height });
  context.drawImage(bitmap, 0, 0);
  bitmap.close();
  const { scores, boxes } = model.predictSync({ picture: context.getImageData(0, 0, width, height) });
  return { scores, boxes, milliseconds: performance.now() - start };
}

globalThis.onmessage = async ({ data }) => {
  try {
    postMessage(data.load ? await open(data.load) : find(data));
  } catch ({ message }) {
    postMessage({ error: message });
  }
};
