// Where does a call's time go? Each kernel of a function is called alone, again and again, on a copy of the model, and its time
// stands beside that of the whole call. Measured when the visitor asks; nothing is estimated.

import { Engine } from '../engine.js';
import { UnknownNameError } from '../errors.js';
import { batchOf, count, TYPES } from '../layout.js';
import { duration, element, frame, percent } from '../page/dom.js';
import { broken, dress, headOf, rowOf, scroller } from './dress.js';
import { factsOf } from './facts.js';

const LONG = 20; // milliseconds of calls that are timed together: a browser's clock may tick every 0.1 ms only
const WARM = 150; // milliseconds of calls after which the browser has compiled them for speed
const NUMBERS = [false, true, true, true];

/** @typedef {import('../types.d.ts').Model} Model */
/** @typedef {{ name: string, kind: string, rounds: number | null, milliseconds: number, sometimes: boolean }} KernelTime */

/** @param {Element | string} place @param {Model} model @param {{ title?: string, name?: string, sizes?: Record<string, number> }} [options]
 *   `name`: of an exported function; `sizes`: of its open axes, by default one sample, all others as long as they may be */
export async function kernelTimes(place, model, { title = 'Time of each kernel', name = 'predict', sizes = {} } = {}) {
  const facts = await factsOf(model, 'kernelTimes');
  const { [name]: kernels } = facts.kernels;
  if (!kernels) throw new UnknownNameError(`kernelTimes: expected one of ${Object.keys(facts.kernels).join(', ')}, got ${name}`);
  const root = dress(place, 'times', title);
  const button = element('button', { type: 'button' }, 'Measure');
  const note = element('p', { role: 'status' }, `${kernels.length} kernels make up one call of ${name}. Measuring takes some ${Math.ceil((2 * kernels.length * LONG + 2 * WARM) / 1000)} s.`);
  const table = scroller(title);
  table.hidden = true;
  root.append(button, note, table);

  /** @returns {Promise<{ whole: number, kernels: KernelTime[] }>} milliseconds of a whole call, and of each kernel in all its rounds */
  const measure = async () => {
    const { variant } = model.diagnostics();
    const { [variant.replace(/-threads$/, '')]: code } = facts.code;
    if (!code) throw new UnknownNameError(`kernelTimes: the export has code for ${Object.keys(facts.code).join(', ')}, this model runs ${variant}`);
    const engine = new Engine(model.manifest, await WebAssembly.compile(/** @type {BufferSource} */ (code)));
    const state = await model.weights({ all: true });
    engine.write(state);
    const spec = model.manifest.functions[name];
    const batch = batchOf(spec);
    const lengths = { ...Object.fromEntries(spec.sizes.map((size) => [size.name, size.name === batch ? 1 : size.high])), ...sizes };
    engine.place(spec, noise(spec, lengths), lengths, 0);
    const ordered = spec.sizes.map((size) => lengths[size.name]);
    const call = () => engine.exports[name](...ordered);
    const calls = (/** @type {number} */ runs) => { while (runs--) call(); };
    for (const end = performance.now() + WARM; performance.now() < end; await frame()) timeOf(calls);
    const whole = timeOf(calls);
    /** @type {KernelTime[]} */
    const found = [];
    for (const [k, { name: called, kind, rounds, sometimes = false }] of kernels.entries()) {
      await frame();
      const { [`${name}/${k}`]: run } = engine.exports;
      // A kernel that changes its own operands would meet numbers that a training never has, and denormal ones take longer.
      engine.write(state);
      engine.run(name, lengths);
      const once = timeOf(run);
      const times = rounds && count(rounds, lengths);
      found.push({ name: called, kind, rounds: times, milliseconds: once * (times ?? 1), sometimes });
      note.textContent = `Measuring: ${k + 1} of ${kernels.length} kernels.`;
    }
    show(whole, found, lengths);
    return { whole, kernels: found };
  };
  const show = (/** @type {number} */ whole, /** @type {KernelTime[]} */ found, /** @type {Record<string, number>} */ lengths) => {
    const sum = found.reduce((total, { milliseconds }) => total + milliseconds, 0);
    const rows = [...found].sort((a, b) => b.milliseconds - a.milliseconds).map(({ name: called, kind, rounds, milliseconds, sometimes }) => {
      const bar = element('span', { class: 'share', 'aria-hidden': 'true' });
      bar.style.setProperty('--share', `${sum ? milliseconds / sum : 0}`);
      const runs = rounds === null ? 'as often as the data say; one is shown' : `${rounds.toLocaleString('en')}${sometimes ? ' at most' : ''}`;
      return rowOf('th', [element('span', {}, ...broken(called), element('small', {}, kind), bar), runs, microseconds(milliseconds), percent(sum ? milliseconds / sum : 0)], NUMBERS);
    });
    table.replaceChildren(element('table', {}, headOf(['Kernel', 'Runs', 'Time', 'Share'], NUMBERS), element('tbody', {}, ...rows)));
    table.hidden = false;
    const open = Object.entries(lengths).map(([size, length]) => `${size} ${length}`).join(', ');
    note.textContent = `One whole call${open ? ` (${open})` : ''} takes ${microseconds(whole)}; its kernels, each called alone on one thread of this device, ${microseconds(sum)} together. Alone, a kernel finds its data in the cache more often.`;
  };
  button.addEventListener('click', async () => {
    button.disabled = true;
    try {
      await measure();
      button.textContent = 'Measure again';
    } catch (error) {
      note.textContent = `It could not be measured: ${/** @type {Error} */ (error).message}`;
    }
    button.disabled = false;
  });
  return { element: root, measure };
}

/** Milliseconds of one run, over so many that the clock can tell; of three times the least, since others may come between.
 * @param {(runs: number) => unknown} work */
function timeOf(work) {
  for (let runs = 1; ; runs *= 2) {
    let least = Infinity;
    for (let turn = 0; turn < 3 && least >= LONG / 2; turn++) {
      const start = performance.now();
      work(runs);
      least = Math.min(least, performance.now() - start);
    }
    if (least >= LONG / 2) return least / runs;
  }
}

const microseconds = (/** @type {number} */ milliseconds) => (milliseconds < 1 ? `${Number((1000 * milliseconds).toPrecision(2))} µs` : duration(milliseconds));

/** Inputs that are as good as any for a time: numbers from 0 to 1, whole ones 0. @param {import('../types.d.ts').FunctionSpec} spec @param {Record<string, number>} sizes @returns {any} */
const noise = ({ inputs }, sizes) => Object.fromEntries(inputs.map(({ name, dtype, shape }) => {
  const length = count(shape, sizes);
  if (dtype === 'float32') return [name, Float32Array.from({ length }, (_, i) => (i * 0.618034) % 1)];
  return [name, new TYPES[dtype](length)];
}));
