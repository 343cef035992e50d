// Which answer does a drawing get? The section in which one draws and the probabilities move with the pen.
// It reads the pad and the model; what else happens on the page it hears from the app.

import { argmax } from './app.js';
import { Bars } from './bars.js';
import { byId, element, latest, percent } from './dom.js';
import { Pad } from './pad.js';
import { fullInk, picture, see, sides } from './sight.js';

/** @param {import('./app.js').App} app @returns {Promise<{ probabilities: () => number[] }>} */
export async function start(app) {
  const answer = byId('draw-answer');
  const waiting = [...answer.childNodes];
  const seen = /** @type {HTMLCanvasElement} */ (byId('draw-seen'));
  const bars = new Bars(byId('draw-bars'));
  const full = await fullInk(app);
  const [height, width] = sides(app.input);
  byId('draw-seen-note').textContent = `What the network sees: ${width} × ${height} points`;
  /** @type {number[]} */
  let shown = [];

  const update = latest(async () => {
    const now = pad.isEmpty ? undefined : await ask();
    shown = now ?? [];
    bars.show(now);
    seen.closest('figure')?.classList.toggle('empty', !now);
    if (!now) {
      answer.replaceChildren(...waiting);
      seen.getContext('2d')?.clearRect(0, 0, seen.width, seen.height);
      return;
    }
    const best = argmax(now);
    answer.replaceChildren(verdict(now[best]), element('b', {}, app.labels[best]));
  });
  const ask = async () => {
    const row = await see(app, pad);
    picture(app, seen, row, full);
    return Array.from(await app.predict(row)).slice(0, app.labels.length);
  };
  const pad = new Pad(byId('draw-pad'), {
    undo: byId('draw-undo'),
    clear: byId('draw-clear'),
    onChange: update,
    onStroke: () => setTimeout(announce, 300),
  });
  const announce = () => {
    const best = argmax(shown);
    byId('draw-live').textContent = shown.length ? `${app.labels[best]}, ${percent(shown[best])} sure` : '';
  };
  const rename = () => {
    bars.name(app.labels, app.labels.length - app.invented.length);
    update();
  };
  app.on('labels', rename);
  app.on('weights', update);
  const labels = app.labels;
  const range = `${labels[0]} to ${labels[labels.length - 1]}`;
  byId('draw-what').textContent = labels.length < 7 ? labels.join(' or ') : labels.every((label) => /^\d$/.test(label)) ? `a digit, ${range},` : `a sign, ${range},`;
  rename();
  offerExamples(app, pad);
  return { probabilities: () => shown };
}

/** @param {number} sure */
const verdict = (sure) => (sure > 0.5 ? `${percent(sure)} sure it is` : 'Not sure. Maybe');

/** @param {import('./app.js').App} app @param {Pad} pad */
function offerExamples(app, pad) {
  const examples = app.page.examples.filter((example) => example.strokes);
  const strokes = examples.map(({ strokes = [], size = 1 }) => strokes.map((points) => points.map((value) => value / size)));
  byId('draw-examples').hidden = !examples.length;
  byId('draw-examples').replaceChildren(element('span', { class: 'label' }, 'or watch'), ...examples.map(({ name }, i) => {
    const button = element('button', { type: 'button', 'aria-label': `Watch ${name} being drawn` }, name);
    button.addEventListener('click', () => pad.play(strokes[i]));
    return button;
  }));
  // The page shows at once what it does, unless the visitor was quicker.
  if (strokes.length && pad.isEmpty) pad.play(strokes[0]);
}
