// How do a visitor's own data become rows that `fit` and `predict` take? Tables from CSV, picture files and folders, frames of a
// camera and of a microphone. A page imports this file by its name; it knows no model.

import { dropped } from './dropped.js';
import { BrowserError, DtypeError, ModelFormatError, ShapeError, UnknownNameError } from './errors.js';

export { csv } from './csv.js';

/** @typedef {import('./types.d.ts').Pictures} Pictures */

/** The files below a folder that was dropped, with their paths. @param {any} entry @returns {Promise<{ file: File, path: string }[]>} */
async function filesBelow(entry) {
  if (entry.isFile) return [{ file: await new Promise((resolve, reject) => entry.file(resolve, reject)), path: entry.fullPath.slice(1) }];
  const reader = entry.createReader(), found = [];
  // It gives some at a time, and none at the end.
  for (;;) {
    const some = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
    if (!some.length) return found;
    for (const each of some) found.push(...await filesBelow(each));
  }
}

/** @param {any} source what `dropped` takes @returns {Promise<{ file: File, path: string }[]>} */
async function allFiles(source) {
  const each = dropped(source).map((it) => (it.isDirectory ? filesBelow(it) : [{ file: it, path: it.webkitRelativePath || it.name }]));
  return (await Promise.all(each)).flat();
}

/** Decodes beside the page's thread, the way up that the camera was held. @param {File} file @param {string} path @returns {Promise<ImageBitmap>} */
const decode = (file, path) => createImageBitmap(file, { imageOrientation: 'from-image' }).catch(() => {
  throw new ModelFormatError(`"${path}" is not a picture that this browser can read (${file.size} bytes, ${file.type || 'no type'}); leave it out or save it anew as PNG or JPEG`);
});

/** Picture files, with the folder that each is in as its label; other files are left out. Nothing is decoded yet.
 * @param {any} source a FileList, files, or the dataTransfer of a drop @returns {Promise<Pictures>} */
export async function images(source) {
  const found = (await allFiles(source)).filter(({ file, path }) => file.type.startsWith('image/') || /\.(jpe?g|png|webp|gif|bmp|avif)$/i.test(path));
  if (!found.length) throw new ShapeError('images: expected at least one picture file, got none');
  found.sort((a, b) => (a.path < b.path ? -1 : 1));
  const labels = found.map(({ path }) => path.split('/').at(-2) ?? '');
  return {
    names: found.map(({ path }) => path), labels, classes: [...new Set(labels)].sort(),
    decode: (number) => decode(found[number].file, found[number].path),
    async *batches({ batchSize = 32, order = found.map((_, i) => i), targets = labels } = {}) {
      for (let start = 0; start < order.length; start += batchSize) {
        const now = order.slice(start, start + batchSize);
        const pictures = await Promise.all(now.map((i) => decode(found[i].file, found[i].path)));
        yield [pictures, now.map((i) => targets[i])];
        for (const picture of pictures) picture.close();
      }
    },
  };
}

/** @param {MediaStreamConstraints} wanted @param {string} name @returns {Promise<MediaStream>} */
async function open(wanted, name) {
  const { mediaDevices } = globalThis.navigator ?? {};
  if (!mediaDevices) throw new BrowserError(`the ${name} needs a browser, and a page over https or from this machine`);
  return mediaDevices.getUserMedia(wanted).catch(({ name: kind, message }) => {
    throw new BrowserError(kind === 'NotAllowedError' ? `the visitor or a policy refused the ${name}` : `the ${name} could not be opened: ${message || kind}`);
  });
}

/** Frames of the camera, one after the other: `for await (const frame of camera)`; leaving the loop, or `stop`, releases it.
 * @param {MediaTrackConstraints} [options] @returns {Promise<import('./types.d.ts').Device<ImageBitmap>>} */
export async function webcam(options = {}) {
  const stream = await open({ video: { facingMode: 'user', ...options } }, 'camera');
  const video = Object.assign(document.createElement('video'), { srcObject: stream, muted: true, playsInline: true });
  let isOver = false;
  const stop = () => {
    isOver = true;
    stream.getTracks().forEach((track) => track.stop());
  };
  stream.getTracks()[0].addEventListener('ended', stop);
  await video.play().catch((error) => {
    stop();
    throw new BrowserError(`the camera gives no picture: ${error.message}`);
  });
  return {
    stream, stop,
    async *[Symbol.asyncIterator]() {
      try {
        while (!isOver) {
          yield await createImageBitmap(video);
          // A hidden page draws nothing: then some ten frames a second.
          await new Promise((resolve) => {
            setTimeout(resolve, 100);
            requestAnimationFrame(resolve);
          });
        }
      } finally {
        stop();
      }
    },
  };
}

/** What the microphone hears, `size` samples a frame without a gap; what is not taken in time is dropped from the front, `most` frames wait.
 * @param {{ size?: number, sampleRate?: number, most?: number }} [options] @returns {Promise<import('./types.d.ts').Device<Float32Array> & { sampleRate: number }>} */
export async function microphone({ size = 1024, sampleRate = 16000, most = 64, ...unknown } = {}) {
  if (Object.keys(unknown).length) throw new UnknownNameError(`microphone expects no option ${Object.keys(unknown)}`);
  if (!(size >= 256 && size <= 16384 && Number.isInteger(Math.log2(size)))) throw new DtypeError(`microphone: expected a size of 256, 512, ... 16384, got ${size}`);
  const stream = await open({ audio: true }, 'microphone');
  const context = new AudioContext({ sampleRate });
  // The one way to hear every sample without another file.
  const node = context.createScriptProcessor(size, 1, 1);
  context.createMediaStreamSource(stream).connect(node).connect(context.destination);
  /** @type {Float32Array[]} */
  const frames = [];
  let isOver = false;
  let wake = () => {};
  node.onaudioprocess = ({ inputBuffer }) => {
    frames.push(inputBuffer.getChannelData(0).slice());
    if (frames.length > most) frames.shift();
    wake();
  };
  const stop = () => {
    isOver = true;
    node.onaudioprocess = null;
    stream.getTracks().forEach((track) => track.stop());
    if (context.state !== 'closed') void context.close();
    wake();
  };
  return {
    stream, sampleRate: context.sampleRate, stop,
    async *[Symbol.asyncIterator]() {
      try {
        for (;;) {
          const frame = frames.shift();
          if (frame) yield frame;
          else if (isOver) return;
          else await new Promise((resolve) => { wake = () => resolve(undefined); });
        }
      } finally {
        stop();
      }
    },
  };
}
