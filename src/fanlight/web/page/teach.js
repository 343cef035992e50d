// How does the network learn a sign that nobody had before? The visitor names it and draws it five times; then one of the
// spare outputs is switched on and trained on these drawings, among shipped examples so that nothing known is forgotten.

import { argmax, rowsOf } from './app.js';
import { Bars } from './bars.js';
import { byId, duration, element, frame, latest, percent } from './dom.js';
import { showStep } from './figures.js';
import { Pad, trace } from './pad.js';
import { see } from './sight.js';

/** @typedef {import('./app.js').App} App */

const DRAWINGS = 5;
const REPEATS = 20; // how often each drawing is among what is learnt; the model's own augmentation varies them
const REMINDERS = 100; // shipped examples of each old class: as many as of a new one
const SURE = 0.9; // the mean probability at which a sign counts as known
const FORGOTTEN = 0.01; // the share of old examples that may get lost on the way
const PROBED = 400; // old examples that are asked after each round
const LONGEST = 4000; // milliseconds after which it says how far it got

/** @param {App} app @returns {Promise<{ probabilities: () => number[] }>} */
export async function start(app) {
  const section = byId('teach');
  const name = /** @type {HTMLInputElement} */ (byId('teach-name'));
  const keep = /** @type {HTMLButtonElement} */ (byId('teach-keep'));
  const again = /** @type {HTMLButtonElement} */ (byId('teach-again'));
  const bars = new Bars(byId('teach-bars'));
  /** @type {{ row: number[], strokes: number[][] }[]} */
  let drawn = [];
  /** @type {number[]} */
  let shown = [];

  const say = (/** @type {string} */ text) => { byId('teach-status').textContent = text; };
  const become = (/** @type {'collect' | 'learning' | 'known'} */ state) => {
    section.dataset.state = state;
    refresh();
  };
  const refresh = () => {
    const isFull = app.invented.length >= app.spare;
    const isCollecting = section.dataset.state === 'collect' && !isFull;
    keep.hidden = section.dataset.state === 'known';
    keep.disabled = !isCollecting || pad.isEmpty || app.busy;
    keep.textContent = drawn.length < DRAWINGS ? `Keep drawing ${drawn.length + 1} of ${DRAWINGS}` : 'All five are there';
    name.disabled = !isCollecting;
    again.hidden = isFull;
    again.disabled = app.busy;
    if (isFull && section.dataset.state === 'collect') say(`All ${app.spare} places for new signs are taken. Forget and learn again.`);
  };
  const test = latest(async () => {
    if (section.dataset.state !== 'known') return;
    shown = pad.isEmpty ? [] : Array.from(await app.predict(await see(app, pad))).slice(0, app.labels.length);
    bars.show(shown.length ? shown : undefined);
  });
  const pad = new Pad(byId('teach-pad'), {
    undo: byId('teach-undo'),
    clear: byId('teach-clear'),
    onChange: () => {
      refresh();
      test();
    },
  });
  const slots = () => byId('teach-slots').replaceChildren(...Array.from({ length: DRAWINGS }, (_, i) => slot(drawn[i]?.strokes, i, () => {
    if (section.dataset.state !== 'collect') return;
    drawn.splice(i, 1);
    slots();
    refresh();
  })));

  keep.addEventListener('click', async () => {
    if (keep.disabled) return;
    keep.disabled = true; // a second click must not keep it twice
    const strokes = pad.strokes;
    drawn.push({ row: Array.from(await see(app, pad)), strokes });
    pad.clear();
    slots();
    if (drawn.length < DRAWINGS) {
      const left = DRAWINGS - drawn.length;
      say(left > 1 ? `Good. ${left} more, each a little different.` : 'Good. One more.');
    } else learn();
  });
  name.addEventListener('keydown', (event) => event.key === 'Enter' && learn());
  name.addEventListener('change', () => learn());
  again.addEventListener('click', () => {
    restart();
    name.focus({ preventScroll: true });
  });
  const restart = () => {
    drawn = [];
    name.value = '';
    slots();
    pad.clear();
    say('Name it, then draw it five times, each a little different.');
    become('collect');
  };

  const learn = async () => {
    if (drawn.length < DRAWINGS || app.busy || section.dataset.state !== 'collect') return;
    const label = name.value.trim();
    if (!label || app.labels.includes(label)) {
      say(label ? `“${label}” is taken. Give it another name.` : 'Now give it a name, and it will be learnt.');
      name.focus({ preventScroll: true });
      return;
    }
    become('learning');
    const progress = /** @type {HTMLProgressElement} */ (byId('teach-progress'));
    progress.hidden = false;
    try {
      say(await app.alone(() => teach(app, { name: label, drawings: drawn.map(({ row }) => row) }, (sure) => {
        progress.value = sure;
        say(`Learning. ${percent(sure)} sure of your drawings.`);
      })));
      become('known');
    } catch (error) {
      say(`It could not be learnt: ${/** @type {Error} */ (error).message}`);
      become('collect');
    } finally {
      progress.hidden = true;
      pad.clear();
    }
  };

  app.on('labels', () => {
    bars.name(app.labels, app.labels.length - app.invented.length);
    if (section.dataset.state === 'known' && !app.invented.length) restart();
    refresh();
  });
  app.on('weights', test);
  app.on('busy', refresh);
  bars.name(app.labels);
  slots();
  refresh();
  return { probabilities: () => shown };
}

/** @param {number[][] | undefined} strokes @param {number} i @param {() => void} remove */
function slot(strokes, i, remove) {
  const button = element('button', { type: 'button', 'aria-label': strokes ? `Remove drawing ${i + 1}` : `Drawing ${i + 1}: still empty` }, strokes ? '' : `${i + 1}`);
  button.disabled = !strokes;
  if (strokes) {
    button.className = 'filled';
    button.title = 'Remove';
    const canvas = element('canvas', { width: '152', height: '152' });
    const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d'));
    context.strokeStyle = getComputedStyle(document.body).color;
    trace(context, strokes, 152);
    button.append(canvas);
    button.addEventListener('click', remove);
  }
  return element('li', {}, button);
}

/**
 * Trains a spare output until the drawings are recognised, and measures what that did to the rest.
 * @param {App} app @param {import('./app.js').Invented} symbol @param {(sure: number) => void} onProgress @returns {Promise<string>} what to say of it
 */
async function teach(app, symbol, onProgress) {
  const { test, train } = await app.data();
  const rows = symbol.drawings.flat();
  const place = app.labels.length;
  const probed = Math.min(PROBED, train.x.shape[0]);
  const before = test && await accuracy(app, test);
  const knew = await accuracy(app, train, probed);
  await app.invent([...app.invented, symbol]);
  const start = performance.now();
  let sure = 0, knows = 0;
  while ((sure < SURE || knows < knew - FORGOTTEN) && performance.now() - start < LONGEST) {
    const { x, y } = mixture(app, train);
    await app.model.fit({ [app.input.name]: x }, y, { epochs: 1, batchSize: app.model.manifest.training?.batch });
    const answers = await app.predict(rows);
    sure = symbol.drawings.reduce((sum, _, i) => sum + answers[i * app.width + place], 0) / symbol.drawings.length;
    knows = await accuracy(app, train, probed);
    onProgress(sure);
    app.tell('weights');
    await frame();
  }
  const time = duration(performance.now() - start);
  showStep(app.model.stats.msPerStep, 'measured as it learnt');
  const after = test && await accuracy(app, test);
  const rest = before === undefined || after === undefined ? '' : ` Of the old ones it now gets ${percent(after)} right, before it was ${percent(before)}.`;
  return sure >= SURE
    ? `“${symbol.name}” is known after ${time}.${rest} Draw it again, or an old one, and see.`
    : `After ${time} it is ${percent(sure)} sure of “${symbol.name}”. Signs that differ more from the others are easier.${rest}`;
}

/** What is learnt from: every invented sign's drawings many times, and a few shipped examples of each old class. @param {App} app @param {import('./app.js').Rows} [shipped] */
function mixture(app, shipped) {
  const old = app.labels.length - app.invented.length;
  /** @type {number[]} */
  const x = [];
  /** @type {number[]} */
  const y = [];
  app.invented.forEach(({ drawings }, k) => {
    for (let i = 0; i < REPEATS * drawings.length; i++) {
      x.push(...drawings[i % drawings.length]);
      y.push(old + k);
    }
  });
  const left = new Array(old).fill(REMINDERS);
  const count = shipped?.x.shape[0] ?? 0;
  const first = Math.floor(Math.random() * count);
  for (let i = 0; shipped && i < count; i++) {
    const row = (first + i) % count;
    const label = Number(shipped.y.data[row]);
    if (left[label]-- <= 0) continue;
    x.push(.../** @type {Float32Array} */ (rowsOf(shipped.x, row, row + 1)));
    y.push(label);
  }
  return { x, y };
}

/** The share of right answers among the first `count` rows. @param {App} app @param {import('./app.js').Rows} rows @param {number} [count] */
async function accuracy(app, { x, y }, count = y.data.length) {
  const answers = await app.predict(/** @type {Float32Array} */ (rowsOf(x, 0, count)));
  let right = 0;
  for (let i = 0; i < count; i++) if (argmax(answers.subarray(i * app.width, (i + 1) * app.width)) === Number(y.data[i])) right++;
  return right / count;
}
