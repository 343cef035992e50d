// Where are the hands in front of the camera, and what do they do? A worker finds them in each frame; here they get an id that
// stays, and events tell what changed.
//
//   const hands = await Hands.load();
//   hands.on('pinch', (hand) => console.log(hand.id, hand.tip));
//   await hands.start(video);
//
// A hand is { id, label, score, box: { x, y, width, height }, tip: { x, y } }, in parts of the picture: 0, 0 is its upper left
// corner, 1, 1 its lower right one. `label` is open, closed, pinch or point.

import { Tracker } from './tracker.js';

/** How much of the picture's width and height the model sees. */
const SIDE = 320;
/** Events of one hand; but `hands` comes after each frame with all of them: { hands, faces, milliseconds }. */
export const EVENTS = ['enter', 'leave', 'open', 'closed', 'pinch', 'point', 'release', 'hands'];

export class Hands {
  #worker;
  #listeners = new Map(EVENTS.map((name) => [name, new Set()]));
  #waiting = [];
  #options;
  #tracker;
  #video;

  /** `score`: how sure the model has to be, 0 to 1. `mirror`: left and right are swapped, as a visitor expects of a camera.
   * `threads`: 1, or as many as the model may use. `onProgress({ loaded, total })`: bytes of the download. */
  static async load({ score = 0.55, mirror = true, threads, onProgress } = {}) {
    const worker = workerOf('./finder.js');
    const hands = new Hands(worker, { score, mirror });
    hands.facts = await hands.#ask({ load: { threads } }, [], onProgress);
    return hands;
  }

  constructor(worker, options) {
    this.#worker = worker;
    this.#options = options;
    this.#tracker = new Tracker(options);
    this.mirror = options.mirror;
    worker.onmessage = ({ data: { progress, error, ...answer } }) => {
      const [{ resolve, reject, onProgress }] = this.#waiting;
      if (progress) return onProgress?.(progress);
      this.#waiting.shift();
      if (error) reject(new Error(error));
      else resolve(answer);
    };
    worker.onerror = ({ message }) => this.#fail(message || 'the worker could not be started');
  }

  /** Calls `listener` at each event of that name; gives what ends it. */
  on(name, listener) {
    const listeners = this.#listeners.get(name);
    if (!listeners) throw new Error(`expected one of ${EVENTS.join(', ')}, got "${name}"`);
    listeners.add(listener);
    return () => listeners.delete(listener);
  }

  /** What is in one picture (img, video, canvas, ImageBitmap) by itself: { hands, faces, milliseconds }, ids from 1 on. */
  detect(picture) {
    return this.#find(picture, new Tracker(this.#options));
  }

  async #find(picture, tracker) {
    const bitmap = await createImageBitmap(picture, { resizeWidth: SIDE, resizeHeight: SIDE, resizeQuality: 'medium' });
    const { scores, boxes, milliseconds } = await this.#ask({ bitmap }, [bitmap]);
    return { ...tracker.update(scores, boxes, performance.now()), milliseconds };
  }

  /** Looks at a video, frame after frame, until `stop`: always at the newest one. */
  async start(video) {
    this.stop();
    this.#video = video;
    if (!video.videoWidth) await new Promise((resolve) => video.addEventListener('loadeddata', resolve, { once: true }));
    this.#follow(video).catch((error) => this.#fail(error.message));
  }

  /** No frame is looked at any more; `start` goes on. */
  stop() {
    this.#video = undefined;
  }

  /** Ends the worker, and gives its memory back. */
  close() {
    this.stop();
    this.#fail('it was closed');
  }

  async #follow(video) {
    while (this.#video === video) {
      if (!video.paused && !video.ended) {
        const { events, ...seen } = await this.#find(video, this.#tracker);
        if (this.#video !== video) return;
        for (const [name, hand] of events) this.#emit(name, hand);
        this.#emit('hands', seen);
      }
      await nextFrame(video);
    }
  }

  #ask(message, transfer = [], onProgress = undefined) {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject, onProgress });
      this.#worker.postMessage(message, transfer);
    });
  }

  #emit(name, value) {
    for (const listener of this.#listeners.get(name)) listener(value);
  }

  #fail(why) {
    this.#worker.terminate();
    for (const { reject } of this.#waiting.splice(0)) reject(new Error(`hands: ${why}`));
    this.stop();
  }
}

/** A worker from a file is under the policy that the host sends with it, if any; one from a blob is under this page's. @param {string} file */
function workerOf(file) {
  const start = new Blob([`import ${JSON.stringify(new URL(file, import.meta.url).href)};`], { type: 'text/javascript' });
  return new Worker(URL.createObjectURL(start), { type: 'module' });
}

/** Until the video shows another frame; at once where it has shown one meanwhile, and soon in a page that is hidden. */
const nextFrame = (video) => new Promise((resolve) => {
  setTimeout(resolve, 100);
  if (video.requestVideoFrameCallback) video.requestVideoFrameCallback(resolve);
  else requestAnimationFrame(resolve);
});
