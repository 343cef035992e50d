// How does a training go? One chart for the loss and for each metric, with a second line for what is held back. It is a callback
// of `fit`; where a training is followed otherwise, `show` takes the logs of an epoch.

import { Chart } from '../page/chart.js';
import { latest, percent, shape } from '../page/dom.js';
import { dress } from './dress.js';

const SHARES = /accuracy|precision|recall|auc|iou|f1/i; // from 0 to 1
/** @type {Record<string, string>} */
const TITLES = { loss: 'Mistakes (loss)', accuracy: 'Right answers (accuracy)', learning_rate: 'Learning rate' };
const LINES = ['learnt from', 'held back'];

/** @param {Element | string} place @param {{ title?: string, epochs?: number, metrics?: readonly string[] }} [options] */
export function lossChart(place, { title = 'Training', epochs = 1, metrics } = {}) {
  const root = dress(place, 'training', title);
  const grid = document.createElement('div');
  grid.className = 'charts';
  root.append(grid);
  let span = epochs;
  /** @type {Map<string, Chart>} */
  let charts = new Map();
  const draw = latest(() => charts.forEach((chart) => chart.draw()));
  const chartOf = (/** @type {string} */ name, /** @type {boolean} */ isHeld) => {
    const found = charts.get(name);
    if (found) return found;
    const svg = shape('svg', { class: 'chart', role: 'img', 'data-metric': name });
    grid.append(svg);
    /** @type {{ range?: [number, number], format?: (y: number) => string }} */
    const more = SHARES.test(name) ? { range: [0, 1], format: percent } : {};
    const made = new Chart(svg, { title: TITLES[name] ?? name.replaceAll('_', ' '), along: 'epochs', lines: isHeld ? LINES : LINES.slice(0, 1), span, ...more });
    charts.set(name, made);
    return made;
  };
  return {
    element: root,
    clear() {
      charts = new Map();
      grid.replaceChildren();
    },
    /** @param {number} epoch from 0 @param {Record<string, number>} logs */
    show(epoch, logs) {
      for (const [name, value] of Object.entries(logs)) {
        if (name.startsWith('val_') || typeof value !== 'number' || (metrics && !metrics.includes(name))) continue;
        const held = logs[`val_${name}`];
        const chart = chartOf(name, held !== undefined);
        chart.add(0, epoch + 1, value);
        if (held !== undefined) chart.add(1, epoch + 1, held);
      }
      draw();
    },
    /** @param {{ epochs: number }} context */
    onTrainBegin(context) {
      span = context.epochs;
      this.clear();
    },
    /** @param {number} epoch @param {Record<string, number>} logs */
    onEpochEnd(epoch, logs) { this.show(epoch, logs); },
  };
}
