// Can a bundle of plain functions learn here? Calls its step on the samples again and again, some of them between two
// frames, and shows the loss. What the visitor changes meanwhile is learnt from in the next step.

import { Chart } from './chart.js';
import { byId, frame, short } from './dom.js';
import { showStep } from './figures.js';
import { showView } from './view.js';

/** @typedef {import('./app.js').App} App */

const LONGEST = 10; // milliseconds of steps between two frames
const RUN = 6; // seconds until it rests by itself

/** @param {App} app */
export async function start(app) {
  const step = stepOf(app);
  const { model } = app;
  const spec = model.manifest.functions[step];
  const { train } = await app.data();
  const original = await model.weights({ all: true });
  const chart = new Chart(byId('train-loss-chart'), { title: 'Mistakes (loss)', along: 'steps', lines: ['learnt from'], isLog: true });
  const button = (/** @type {string} */ name) => /** @type {HTMLButtonElement} */ (byId(`train-${name}`));
  const say = (/** @type {string} */ text) => { byId('train-status').textContent = text; };
  const progress = /** @type {HTMLProgressElement} */ (byId('train-progress'));
  let steps = 0, until = 0;
  let isStopped = false;
  /** @type {Promise<void> | undefined} */
  let running;

  byId('train-title').textContent = 'Learn';
  byId('train-about').textContent = 'Each step moves the curve a little closer to the points. Change the points while it learns.';
  byId('train-epoch-label').textContent = 'Steps';
  byId('train-held-box').hidden = true;
  byId('train').querySelector('.charts')?.before(byId('train-view')); // the curve is what one looks at
  button('start').textContent = 'Learn';
  button('forget').hidden = false;

  const once = async () => {
    const { x, y } = app.edited ?? train;
    const [first, second] = spec.inputs;
    const outputs = await model.call(step, { [first.name]: x, ...(second ? { [second.name]: y } : {}) });
    return Number(Object.values(outputs)[0]?.[0]);
  };
  const learn = () => {
    until = performance.now() + 1000 * RUN;
    running ??= run();
  };
  const run = async () => {
    isStopped = false;
    byId('train').dataset.state = 'learning';
    button('stop').disabled = false;
    button('start').disabled = true;
    say('');
    try {
      while (!isStopped && performance.now() < until) {
        const began = performance.now();
        let loss = 0, count = 0;
        // The first steps change most: few of them between two frames, so that the eye can follow.
        while (performance.now() - began < LONGEST && count < 2 + steps / 30) {
          loss = await once();
          count++;
        }
        const each = (performance.now() - began) / count;
        steps += count;
        chart.add(0, steps, loss);
        chart.draw();
        byId('train-epoch').textContent = steps.toLocaleString('en');
        byId('train-speed').textContent = Math.round((1000 / each) * (app.edited ?? train).x.shape[0]).toLocaleString('en');
        byId('train-loss').textContent = short(loss);
        progress.value = 1 - (until - performance.now()) / (1000 * RUN);
        showStep(each, `${(app.edited ?? train).x.shape[0]} examples at a time`);
        app.tell('weights');
        await frame();
      }
      say(`${steps.toLocaleString('en')} steps so far. Learn on, or change a point: the curve follows.`);
      byId('train').dataset.state = 'done';
    } catch (error) {
      say(`The training stopped: ${/** @type {Error} */ (error).message}`);
      byId('train').dataset.state = 'failed';
    } finally {
      running = undefined;
      button('stop').disabled = true;
      button('start').disabled = false;
    }
  };
  button('start').addEventListener('click', learn);
  button('stop').addEventListener('click', () => { isStopped = true; });
  button('forget').addEventListener('click', async () => {
    isStopped = true;
    await running;
    await (model.manifest.functions.init ? model.reset(Math.floor(Math.random() * 2 ** 31)) : model.setWeights(original));
    steps = 0;
    chart.clear(1);
    byId('train-epoch').textContent = byId('train-loss').textContent = '–';
    say('Forgotten.');
    app.tell('weights');
  });
  app.on('samples', learn);
  if (!app.page.show.includes('data')) await showView(app, byId('train-view'));
}

/** The function that learns, in a bundle of plain functions: the one that takes samples and writes state. @param {App} app */
function stepOf({ model: { manifest } }) {
  const found = Object.entries(manifest.functions).find(([name, spec]) => name !== 'init' && spec.writes.length && spec.inputs.length);
  if (!found) throw new Error(`"${manifest.name}" has no function that learns: export one that takes samples and writes state, or train=True`);
  return found[0];
}
