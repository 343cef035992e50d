// Who trains sooner? Starts both trainings at once, draws what they report, and says what came out.

import { load } from './site/index.js';

const BATCH = 64;
const $ = (selector) => document.querySelector(selector);
const settings = new URLSearchParams(location.search);

const read = async (name) => (await fetch(name)).arrayBuffer();
const set = async (name) => ({ images: new Float32Array(await read(`${name}.images.f32`)), labels: new Uint8Array(await read(`${name}.labels.u8`)) });

/** One lane of the page: what it shows of a training. */
class Lane {
  constructor(name) {
    this.element = $(`[data-lane=${name}]`);
    this.element.insertAdjacentHTML('beforeend', `
      <progress value="0" max="1" aria-label="Progress"></progress>
      <p class="speed"><span>–</span> <small>images a second</small></p>
      <dl><dt>time</dt><dd>–</dd><dt>loss</dt><dd>–</dd><dt>right, of digits not seen</dt><dd>–</dd></dl>`);
    this.reset();
  }

  reset() {
    this.points = [];
    this.samples = 0;
    this.result = undefined;
    this.show(0);
    [...this.element.querySelectorAll('dd')].forEach((each) => { each.textContent = '–'; });
    this.element.querySelector('.speed span').textContent = '–';
  }

  begin(total) {
    this.total = total;
    this.started = performance.now();
  }

  step(loss, samples) {
    this.samples += samples;
    this.points.push([(performance.now() - this.started) / 1000, loss]);
  }

  end(accuracy) {
    const seconds = this.points.at(-1)[0];
    this.result = { seconds, accuracy, imagesPerSecond: this.samples / seconds };
  }

  show() {
    const [time, loss, right] = this.element.querySelectorAll('dd');
    this.element.querySelector('progress').value = this.samples / (this.total ?? 1);
    if (!this.points.length) return;
    const [seconds, last] = this.points.at(-1);
    const spent = this.result ? seconds : (performance.now() - this.started) / 1000;
    this.element.querySelector('.speed span').textContent = Math.round(this.samples / spent).toLocaleString('en');
    time.textContent = `${spent.toFixed(spent < 10 ? 2 : 1)} s`;
    loss.textContent = last.toFixed(3);
    if (this.result) right.textContent = `${(100 * this.result.accuracy).toFixed(1)} %`;
  }
}

const lanes = { fanlight: new Lane('fanlight'), tensorflow: new Lane('tensorflow') };

function drawCurve() {
  const canvas = $('#curve');
  const scale = devicePixelRatio;
  const [width, height] = [canvas.clientWidth, canvas.clientHeight];
  [canvas.width, canvas.height] = [width * scale, height * scale];
  const pen = canvas.getContext('2d');
  pen.scale(scale, scale);
  const style = getComputedStyle(document.body);
  const colour = (name) => style.getPropertyValue(name).trim();
  const end = Math.max(1, ...Object.values(lanes).map(({ points }) => points.at(-1)?.[0] ?? 0));
  const left = 36, bottom = height - 24, top = 8, most = 2.5;
  const place = ([seconds, loss]) => [left + (width - left - 8) * (seconds / end), bottom - (bottom - top) * Math.min(1, loss / most)];
  pen.font = `12px ${style.fontFamily}`;
  pen.fillStyle = colour('--soft');
  pen.strokeStyle = colour('--line');
  for (const loss of [0, 1, 2]) {
    const [, y] = place([0, loss]);
    pen.beginPath();
    pen.moveTo(left, y);
    pen.lineTo(width - 8, y);
    pen.stroke();
    pen.fillText(loss, 12, y + 4);
  }
  pen.fillText('0 s', left, height - 4);
  const label = `${end < 10 ? end.toFixed(1) : Math.round(end)} s`;
  pen.fillText(label, width - 8 - pen.measureText(label).width, height - 4);
  for (const [lane, name] of [[lanes.tensorflow, '--second'], [lanes.fanlight, '--accent']]) {
    pen.strokeStyle = pen.fillStyle = colour(name);
    pen.lineWidth = 2;
    pen.beginPath();
    lane.points.forEach((point, i) => (i ? pen.lineTo(...place(point)) : pen.moveTo(...place(point))));
    pen.stroke();
    if (!lane.points.length) continue;
    pen.beginPath();
    pen.arc(...place(lane.points.at(-1)), 5, 0, 7);
    pen.fill();
  }
}

async function fanlight({ train, test, epochs }, start) {
  const lane = lanes.fanlight;
  const model = await load();
  await model.reset(Math.floor(Math.random() * 2 ** 32));
  const targets = new Float32Array(train.labels.length * 10);
  train.labels.forEach((label, i) => { targets[i * 10 + label] = 1; });
  await start;
  lane.begin(epochs * train.labels.length);
  const steps = Math.ceil(train.labels.length / BATCH);
  await model.fit({ image: train.images }, targets, {
    epochs, batchSize: BATCH,
    onBatchEnd: (batch, { loss }) => lane.step(loss, batch % steps < steps - 1 ? BATCH : train.labels.length - BATCH * (steps - 1)),
  });
  const { dense } = await model.predict({ image: test.images });
  const best = (row) => row.indexOf(Math.max(...row));
  const right = test.labels.reduce((sum, label, i) => sum + (best(dense.subarray(i * 10, i * 10 + 10)) === label), 0);
  lane.end(right / test.labels.length);
  model.dispose();
}

function tensorflow({ train, test, epochs, backend }, start) {
  const lane = lanes.tensorflow;
  const worker = new Worker('tensorflow.worker.js');
  return new Promise((resolve, reject) => {
    worker.onerror = ({ message }) => reject(new Error(message));
    worker.onmessage = async ({ data: { ready, loss, samples, accuracy, error } }) => {
      if (error) reject(new Error(`TensorFlow.js: ${error}`));
      else if (ready) {
        await start;
        lane.begin(epochs * train.labels.length);
        worker.postMessage(0);
      } else if (accuracy === undefined) lane.step(loss, samples);
      else {
        lane.end(accuracy);
        resolve();
      }
    };
    worker.postMessage({ train, test, epochs, batch: BATCH, backend });
  }).finally(() => worker.terminate());
}

const shown = (factor) => (factor >= 10 ? Math.round(factor) : factor.toFixed(1));

async function race({ epochs, backend }) {
  $('#start').disabled = true;
  $('#verdict').textContent = '';
  $('#status').classList.remove('failed');
  $('#status').textContent = 'Getting ready …';
  Object.values(lanes).forEach((lane) => lane.reset());
  let isRunning = true;
  const frame = () => {
    Object.values(lanes).forEach((lane) => lane.show());
    drawCurve();
    if (isRunning) requestAnimationFrame(frame);
  };
  frame();
  try {
    const job = { train: await set('train'), test: await set('test'), epochs, backend };
    // Both have loaded before the clock starts.
    const gates = [Promise.withResolvers(), Promise.withResolvers()];
    const all = Promise.all(gates.map(({ promise }) => promise)).then(() => { $('#status').textContent = 'Training …'; });
    const gate = (k) => ({ then: (resolve, reject) => (gates[k].resolve(), all.then(resolve, reject)) });
    await Promise.all([fanlight(job, gate(0)), tensorflow(job, gate(1))]);
    const [own, peer] = [lanes.fanlight.result, lanes.tensorflow.result];
    $('#status').textContent = '';
    $('#verdict').textContent = `Fanlight needed ${own.seconds.toFixed(2)}\u00a0s, TensorFlow.js ${peer.seconds.toFixed(1)}\u00a0s: ${shown(peer.seconds / own.seconds)} times as long.`;
    return { fanlight: own, tensorflow: peer, backend };
  } catch (error) {
    $('#status').textContent = error.message;
    $('#status').classList.add('failed');
    return { error: String(error?.stack ?? error) };
  } finally {
    isRunning = false;
    frame();
    $('#start').disabled = false;
  }
}

drawCurve();
addEventListener('resize', drawCurve);
$('#start').onclick = () => race({ epochs: Number($('#epochs').value), backend: $('#backend').value });
if (settings.has('start')) window.result = await race({ epochs: Number(settings.get('epochs') ?? 3), backend: settings.get('backend') ?? 'webgl' });
