// Can the network learn all of it again, here? Forgets the weights, fits the shipped data, and shows the curves, the pace and
// what comes out. A bundle of plain functions learns by calling its step: see steps.js.

import { byId, frame, percent, short } from './dom.js';
import { Chart } from './chart.js';
import { showStep } from './figures.js';
import { showView } from './view.js';

/** @typedef {import('./app.js').App} App */

/** @param {App} app */
export async function start(app) {
  const section = byId('train');
  const { manifest } = app.model;
  const epochs = app.page.epochs;
  const { train, test } = await app.data();
  const metric = manifest.training?.metrics[0] ?? 'accuracy';
  const hasMetric = Boolean(manifest.training?.outputs.includes(metric));
  const isShare = /accuracy/.test(metric);
  const title = isShare ? 'Right answers (accuracy)' : metric.replaceAll('_', ' ');
  const along = 'times through the data';
  const lines = ['learnt from', 'held back'];
  const loss = new Chart(byId('train-loss-chart'), { title: 'Mistakes (loss)', along, lines, span: epochs });
  byId('train-metric-figure').hidden = !hasMetric;
  const right = new Chart(byId('train-metric-chart'), { title, along, lines, span: epochs, ...(isShare ? { range: [0, 1], format: percent } : {}) });
  const button = (/** @type {string} */ name) => /** @type {HTMLButtonElement} */ (byId(`train-${name}`));
  const say = (/** @type {string} */ text) => { byId('train-status').textContent = text; };
  const format = isShare ? percent : short;
  let isStopped = false;

  const become = (/** @type {'idle' | 'learning' | 'done' | 'stopped' | 'failed'} */ state) => {
    section.dataset.state = state;
    button('stop').disabled = state !== 'learning';
  };
  const evaluate = async () => {
    if (!test) return undefined;
    const logs = await app.model.evaluate({ [app.input.name]: test.x }, test.y);
    byId('train-held').textContent = format(hasMetric ? logs[metric] : logs.loss);
    return logs;
  };
  if (!test) byId('train-held-box').hidden = true;
  if (!isShare) byId('train-held-label').textContent = `${hasMetric ? title : 'Loss'} on unseen examples`;
  const about = `${train.x.shape[0].toLocaleString('en')} examples come with this page, and every one is learnt from ${epochs} times.`;
  byId('train-about').textContent += ` ${about}`;
  if (app.model.manifest.state.some((slot) => slot.name.endsWith('class_mask'))) byId('train-about').textContent += ' Signs that you invented go too.';

  const learn = async () => {
    isStopped = false;
    before = { weights: await app.model.weights({ all: true }), invented: app.invented };
    const rows = app.edited ?? train;
    const samples = Math.floor(rows.x.shape[0] * 0.9);
    await app.model.reset(Math.floor(Math.random() * 2 ** 31));
    app.tell('weights');
    if (app.invented.length || app.spare) await app.invent([]);
    loss.clear(epochs);
    right.clear(epochs);
    become('learning');
    say('Forgotten. It starts from chance.');
    byId('train-held').textContent = '–';
    const batchSize = manifest.training?.batch ?? 32;
    const steps = Math.ceil(samples / batchSize);
    const began = performance.now();
    let done = 0, mean = 0, seen = 0, smooth = NaN;
    const draw = () => {
      const seconds = (performance.now() - began) / 1000;
      byId('train-epoch').textContent = `${Math.min(epochs, Math.floor(done / steps))} of ${epochs}`;
      byId('train-speed').textContent = Math.round((done * samples) / steps / seconds).toLocaleString('en');
      /** @type {HTMLProgressElement} */ (byId('train-progress')).value = done / (steps * epochs);
      loss.draw();
      right.draw();
    };
    await app.model.fit({ [app.input.name]: rows.x }, rows.y, {
      epochs,
      batchSize,
      validationSplit: 0.1,
      onBatchEnd: (batch, logs) => {
        done++;
        // Logs are means over the epoch so far: from two of them comes the step's own loss, which is then smoothed.
        if (!batch) mean = seen = 0;
        const now = Math.min(samples, (batch + 1) * batchSize);
        const own = (logs.loss * now - mean * seen) / (now - seen);
        [mean, seen] = [logs.loss, now];
        smooth = Number.isNaN(smooth) ? own : 0.85 * smooth + 0.15 * own;
        loss.add(0, done / steps, smooth);
        byId('train-loss').textContent = short(logs.loss);
        return !isStopped;
      },
      onEpochEnd: async (epoch, logs) => {
        loss.add(1, epoch + 1, logs.val_loss);
        right.add(0, epoch + 1, logs[metric]);
        right.add(1, epoch + 1, logs[`val_${metric}`]);
        draw();
        app.tell('weights');
        await frame();
        return !isStopped;
      },
    });
    draw();
    const { msPerStep, samplesPerSecond } = app.model.stats;
    showStep(msPerStep, `${batchSize} examples at a time`);
    byId('train-speed').textContent = Math.round(samplesPerSecond).toLocaleString('en');
    const logs = await evaluate();
    const result = logs && hasMetric ? ` ${format(logs[metric])} ${isShare ? 'of the examples it never saw are right' : `is its ${title} on examples it never saw`}.` : '';
    say(`${isStopped ? 'Stopped' : 'Learnt'} in ${short((performance.now() - began) / 1000)} seconds, on this device.${result}`);
    become(isStopped ? 'stopped' : 'done');
    button('back').hidden = false;
    app.tell('weights');
  };
  /** What the last forgetting took away. @type {{ weights: import('../types.d.ts').Arrays, invented: import('./app.js').Invented[] } | undefined} */
  let before;

  button('start').addEventListener('click', () => app.alone(learn).catch((error) => {
    become('failed');
    say(`The training stopped: ${error.message}`);
  }));
  button('stop').addEventListener('click', () => { isStopped = true; });
  button('back').addEventListener('click', () => app.alone(async () => {
    await app.model.setWeights(before?.weights ?? {});
    await app.invent(before?.invented ?? []);
    app.tell('weights');
    await evaluate();
    become('idle');
    say('What it knew before is back.');
    button('back').hidden = true;
  }));
  app.on('busy', () => {
    button('start').disabled = button('back').disabled = app.busy;
  });
  if (!app.page.show.includes('data')) await showView(app, byId('train-view'));
  await evaluate();
}
