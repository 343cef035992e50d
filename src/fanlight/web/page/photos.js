// How does a visitor teach classes of pictures? Examples from the camera or from files; then a new head learns on what the frozen
// trunk makes of each, once. Classes and their pictures are in gather.js.

import { confusionMatrix } from '../widgets/confusion.js';
import { lossChart } from '../widgets/curves.js';
import { argmax } from './app.js';
import { Bars } from './bars.js';
import { byId, element, frame, latest, percent, short } from './dom.js';
import { openEye } from './eye.js';
import { showStep } from './figures.js';
import { gather } from './gather.js';
import { imagesOf, rawOf } from './pixels.js';

const STEPS = 8; // at least, each time through the pictures: a head learns from few of them
const HELD = 5; // every fifth picture of a class is held back, to see what it is worth

/** @param {import('./app.js').App} app @returns {Promise<{ probabilities: () => number[] }>} */
export async function start(app) {
  const { model } = app;
  const section = byId('photos');
  const train = /** @type {HTMLButtonElement} */ (byId('photos-train'));
  const stop = /** @type {HTMLButtonElement} */ (byId('photos-stop'));
  const progress = /** @type {HTMLProgressElement} */ (byId('photos-progress'));
  const bars = new Bars(byId('photos-bars'));
  const answer = byId('photos-answer');
  const waiting = [...answer.childNodes];
  app.names = [...app.labels];
  /** What is looked at now. @type {Uint8Array | undefined} */
  let seen;
  /** @type {number[]} */
  let shown = [];
  let isStopped = false;
  const say = (/** @type {string} */ text) => { byId('photos-status').textContent = text; };
  const isKnown = () => section.dataset.state === 'known';

  const look = latest(async () => {
    if (!seen || !isKnown() || app.busy) return;
    shown = Array.from(await app.predict(await app.prepare(seen))).slice(0, app.labels.length);
    bars.show(shown);
    const best = argmax(shown);
    answer.replaceChildren(element('span', { class: 'muted' }, `${percent(shown[best])} sure`), element('b', {}, app.labels[best]));
    if (!camera.isOn) byId('photos-live').textContent = `${app.labels[best]}, ${percent(shown[best])} sure`;
  });
  const camera = openEye('photos', {
    onPicture: (picture, isLive) => {
      seen = rawOf(app, picture);
      if (isLive) classes.record(seen);
      else if (!isKnown()) say('Train first: then it says what it sees.');
      look();
    },
    onError: say,
  });

  const refresh = () => {
    train.disabled = app.busy || classes.samples.filter((rows) => rows.length).length < app.labels.length;
    stop.disabled = section.dataset.state !== 'learning';
  };
  const classes = gather(app, byId('photos-classes'), { camera, say, onChange: refresh });
  const chart = lossChart(byId('photos-chart'), { title: 'How it learnt' });
  const matrix = confusionMatrix(byId('photos-matrix'), { labels: app.labels, title: 'Pictures that it never learnt from' });

  const learn = async () => {
    const { epochs } = app.page;
    section.dataset.state = 'learning';
    isStopped = false;
    refresh();
    const parts = split(classes.samples);
    const [learnt, held] = [parts.learnt, parts.held].map((samples) => /** @type {const} */ ([imagesOf(app, samples.map(({ row }) => row)), samples.map(({ label }) => label)]));
    say(`Looking at ${parts.learnt.length + parts.held.length} pictures, each once …`);
    progress.removeAttribute('value'); // until the first epoch it is not known how far it is
    const began = performance.now();
    await model.reset(Math.floor(Math.random() * 2 ** 31));
    chart.clear();
    byId('photos-report').hidden = false;
    byId('photos-matrix').hidden = true;
    await frame();
    const history = await model.fit({ [app.input.name]: learnt[0] }, learnt[1], {
      epochs, batchSize: Math.max(1, Math.min(model.manifest.training?.batch ?? 32, Math.ceil(learnt[1].length / STEPS))),
      ...(parts.held.length ? { validationData: /** @type {const} */ ([{ [app.input.name]: held[0] }, held[1]]) } : {}),
      onEpochEnd: async (epoch, logs) => {
        progress.value = (epoch + 1) / epochs;
        say(`Learning, ${epoch + 1} of ${epochs}. Mistakes: ${short(logs.loss)}.`);
        chart.show(epoch, logs);
        await frame();
        return !isStopped;
      },
    });
    showStep(model.stats.msPerStep, 'measured as it learnt');
    byId('photos-matrix').hidden = !parts.held.length;
    matrix.clear(app.labels);
    if (parts.held.length) {
      const { [app.output.name]: scores } = await model.predict({ [app.input.name]: held[0] });
      const rows = /** @type {Float32Array} */ (scores);
      matrix.add(held[1], held[1].map((_, i) => argmax(rows.subarray(i * app.width, (i + 1) * app.width))));
    }
    const right = parts.held.length ? history.val_accuracy?.at(-1) : undefined;
    say(`${isStopped ? 'Stopped' : 'Learnt'} in ${short((performance.now() - began) / 1000)} seconds, on this device.${
      right === undefined ? ' With five pictures of each, some are held back to see what it is worth.' : ` ${percent(right)} of the pictures that were held back are right.`} Now try it.`);
    section.dataset.state = 'known';
  };
  train.addEventListener('click', async () => {
    try {
      await app.alone(learn);
    } catch (error) {
      section.dataset.state = 'collect';
      say(`The training stopped: ${/** @type {Error} */ (error).message}`);
    }
    progress.value = 0;
    refresh();
    app.tell('weights');
  });
  stop.addEventListener('click', () => { isStopped = true; });
  app.on('busy', refresh);
  app.on('weights', look);
  app.on('restored', () => {
    section.dataset.state = 'known';
    say('What was taught is back. Its pictures are not kept: to teach it more, show them again.');
    refresh();
    look();
  });
  app.on('labels', () => {
    bars.name(app.labels);
    if (shown.length) bars.show(shown);
    else answer.replaceChildren(...waiting);
    look();
  });
  bars.name(app.labels);
  refresh();
  return { probabilities: () => shown };
}

/** One example. @typedef {{ row: Uint8Array, label: number }} Sample */

/** Every fifth picture of a class is held back. @param {Uint8Array[][]} samples @returns {{ learnt: Sample[], held: Sample[] }} */
function split(samples) {
  const all = samples.flatMap((rows, label) => rows.map((row, i) => ({ row, label, isHeld: i % HELD === HELD - 1 })));
  return { learnt: all.filter(({ isHeld }) => !isHeld), held: all.filter(({ isHeld }) => isHeld) };
}
