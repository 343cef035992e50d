// Which answer does a picture get? From a file, dropped, pasted, or live from the camera; how sure, and how long it took.

import { argmax } from './app.js';
import { BestBars } from './best.js';
import { byId, duration, element, latest, percent } from './dom.js';
import { openEye } from './eye.js';
import { rawOf } from './pixels.js';

const TIMED = 15; // frames of the camera whose median time is shown

/** @param {import('./app.js').App} app @returns {Promise<{ probabilities: () => number[] }>} */
export async function start(app) {
  const bars = new BestBars(byId('look-bars'));
  /** What is looked at now. @type {Uint8Array | undefined} */
  let seen;
  /** @type {number[]} */
  let shown = [];
  /** @type {number[]} */
  let times = [];
  let isLive = false, isAsking = false;

  const look = latest(async () => {
    if (!seen) return;
    isAsking = true;
    try {
      const began = performance.now();
      shown = Array.from(await app.predict(await app.prepare(seen))).slice(0, app.labels.length);
      times = [...(isLive ? times.slice(1 - TIMED) : []), performance.now() - began];
      answer();
    } catch (error) {
      say(/** @type {Error} */ (error).message);
    }
    isAsking = false;
  });
  const answer = () => {
    const best = argmax(shown);
    // Synonyms stand behind commas: "goldfish, Carassius auratus".
    const [name, ...others] = app.labels[best].split(', ');
    byId('look-answer').replaceChildren(
      element('span', { class: 'muted' }, shown[best] > 0.5 ? `${percent(shown[best])} sure it is` : 'Not sure. Maybe'),
      element('b', {}, name), element('span', { class: 'muted' }, others.join(', ')));
    byId('look-bars').hidden = false;
    bars.show(shown);
    const usual = duration([...times].sort((a, b) => a - b)[times.length >> 1]);
    say(`${usual} ${isLive ? 'a picture' : 'for this picture'}, on this device`);
    if (!isLive) byId('look-live').textContent = `${name}, ${percent(shown[best])} sure`;
  };
  const say = (/** @type {string} */ text) => { byId('look-status').textContent = text; };
  openEye('look', {
    facing: 'environment',
    onPicture: (picture, isFrame) => {
      // Frames that come while one is looked at are let go.
      if (isFrame && isAsking) return;
      isLive = isFrame;
      seen = rawOf(app, picture);
      look();
    },
    onError: say,
  });
  const rename = () => {
    bars.name(app.labels);
    look();
  };
  app.on('labels', rename);
  app.on('weights', look);
  rename();
  return { probabilities: () => shown };
}
