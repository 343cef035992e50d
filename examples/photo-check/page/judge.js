// What do both heads say of a photo? The worker's side of checker.js: files in; scores, a small picture and times out. A photo is
// decoded, made smaller and judged here, so that the page never waits.

import { onSent } from './sent.js';
import { load } from './index.js';

const SMALL = 480; // the longer side of what the page shows

/** @type {any} */
let model;

async function open({ threads = 1 }) {
  // The calling thread is this worker: a photo takes no further way.
  model = await load({ thread: 'page', threads, onProgress: (progress) => postMessage({ progress }) });
  return { facts: model.diagnostics() };
}

async function judge({ id, file }) {
  const began = performance.now();
  const photo = await createImageBitmap(file);
  const decoded = performance.now();
  const { width, height } = photo;
  const scores = model.predictSync({ picture: photo });
  const milliseconds = { decode: decoded - began, judge: performance.now() - decoded };
  const scale = Math.min(1, SMALL / Math.max(width, height));
  const small = new OffscreenCanvas(Math.max(1, Math.round(width * scale)), Math.max(1, Math.round(height * scale)));
  const context = small.getContext('2d');
  context.imageSmoothingQuality = 'high';
  context.drawImage(photo, 0, 0, small.width, small.height);
  photo.close();
  const picture = small.transferToImageBitmap();
  return { id, scores: { photo: scores.photo.slice(), document: scores.document.slice() }, milliseconds, size: [width, height], picture };
}

onSent((sent) => postMessage({ sent }));
new PerformanceObserver((list) => postMessage({ asked: list.getEntries().length })).observe({ type: 'resource' });

globalThis.onmessage = async ({ data }) => {
  try {
    const answer = data.load ? await open(data.load) : await judge(data);
    postMessage(answer, answer.picture ? [answer.picture] : []);
  } catch ({ message }) {
    postMessage({ id: data.id, error: message });
  }
};
