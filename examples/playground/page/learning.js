// How does one see that a model learns? A bar for the epoch under way, the last figures, and curves that grow: the charts of
// exported pages. One for each training of a program.

import { Chart } from '../../../src/fanlight/web/page/chart.js';
import { element, latest, percent, shape, short } from '../../../src/fanlight/web/page/dom.js';

const TITLES = { loss: 'Mistakes (loss)', accuracy: 'Right answers (accuracy)' };
const isShare = (name) => /accuracy/.test(name);

export class Learning {
  /** @type {Record<string, Chart>} */
  #charts = {};
  #last = -1;
  #logs = {};

  /** @param {HTMLElement} place */
  constructor(place) {
    this.figures = element('dl', { class: 'figures small' });
    this.bar = element('progress', { max: '1', 'aria-label': 'This epoch' });
    this.charts = element('div', { class: 'charts' });
    this.root = element('div', { class: 'learning' }, this.figures, this.bar, this.charts);
    place.append(this.root);
    this.draw = latest(() => {
      for (const chart of Object.values(this.#charts)) chart.draw();
      this.#showFigures();
    });
  }

  /** Whether this training is the one that a message is about. @param {{ epoch: number }} message */
  goesOn({ epoch }) {
    return epoch >= this.#last;
  }

  /** @param {{ epoch: number, epochs: number, rows: number, done?: number, logs: Record<string, number> }} message */
  hear({ epoch, epochs, rows, done, logs }) {
    const isEnd = done === undefined;
    this.#last = epoch;
    this.#logs = { ...(isEnd ? {} : this.#logs), ...logs, epoch: `${epoch + 1} of ${epochs}` };
    this.bar.value = isEnd ? 1 : done / rows;
    this.bar.hidden = isEnd && epoch + 1 === epochs;
    for (const name of isEnd ? Object.keys(logs).filter((each) => !each.startsWith('val_')) : []) {
      this.#charts[name] ??= this.#chart(name, epochs, `val_${name}` in logs);
      this.#charts[name].add(0, epoch + 1, logs[name]);
      if (`val_${name}` in logs) this.#charts[name].add(1, epoch + 1, logs[`val_${name}`]);
    }
    this.draw();
  }

  #chart(name, span, isHeld) {
    const svg = shape('svg', { class: 'chart', role: 'img', 'data-name': name });
    this.charts.append(svg);
    const lines = isHeld ? ['learnt from', 'held back'] : ['learnt from'];
    const more = isShare(name) ? { range: [0, 1], format: percent } : {};
    return new Chart(svg, { title: TITLES[name] ?? name.replaceAll('_', ' '), along: 'epochs', lines, span, ...more });
  }

  #showFigures() {
    const { epoch, ...logs } = this.#logs;
    const held = 'val_accuracy' in logs ? ['Held back, right', percent(logs.val_accuracy)] : undefined;
    const shown = [['Epoch', epoch], ['Loss', short(logs.loss)], held ?? ('accuracy' in logs ? ['Right', percent(logs.accuracy)] : undefined)];
    this.figures.replaceChildren(...shown.filter((each) => each).map(([name, value]) =>
      element('div', {}, element('dt', {}, name), element('dd', {}, value))));
  }
}
