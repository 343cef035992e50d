// How sure is the model of each answer? A list of bars that follow an array of probabilities; the longest stands out. Of many
// answers it shows the best few, the best one first.

import { argmax } from './app.js';
import { element, percent } from './dom.js';

const MOST = 20; // answers that have a bar each
const BEST = 5; // that are shown of more

export class Bars {
  /** @type {{ row: HTMLLIElement, name: HTMLElement, fill: HTMLElement, value: HTMLElement }[]} */
  #rows = [];
  /** @type {readonly string[]} */
  #labels = [];

  /** @param {HTMLElement} list */
  constructor(list) {
    this.list = list;
  }

  get #isRanked() {
    return this.#labels.length > MOST;
  }

  /** @param {readonly string[]} labels @param {number} known how many of them the model was shipped with */
  name(labels, known = labels.length) {
    this.#labels = labels;
    this.list.classList.toggle('best', this.#isRanked);
    this.#rows = labels.slice(0, this.#isRanked ? BEST : MOST).map((_, k) => {
      const name = element('span', { class: 'name' }), fill = element('span', { class: 'fill' });
      const value = element('span', { class: 'value' }, '–');
      const row = element('li', { class: k >= known ? 'new' : '' }, name, element('span', { class: 'track' }, fill), value);
      return { row, name, fill, value };
    });
    if (!this.#isRanked) labels.forEach((_, k) => this.#call(k, k));
    this.list.replaceChildren(...this.#rows.map(({ row }) => row));
  }

  /** Gives a bar the name of an answer. @param {number} k @param {number} answer */
  #call(k, answer) {
    const { row, name } = this.#rows[k];
    const { [answer]: label } = this.#labels;
    row.dataset.label = name.textContent = name.title = label;
  }

  /** @param {ArrayLike<number>} [values] none: there is nothing to be sure of */
  show(values) {
    if (this.#isRanked && values) bestOf(values, this.#rows.length).forEach((answer, k) => {
      this.#call(k, answer);
      this.#fill(k, values[answer], !k);
    });
    else {
      const top = values ? argmax(Array.from(values).slice(0, this.#rows.length)) : -1;
      this.#rows.forEach((_, k) => this.#fill(k, values?.[k], k === top));
    }
  }

  /** @param {number} k @param {number | undefined} share @param {boolean} isTop */
  #fill(k, share, isTop) {
    const { row, fill, value } = this.#rows[k];
    fill.style.clipPath = `inset(0 ${100 - 100 * (share ?? 0)}% 0 0 round 6px)`;
    value.textContent = share === undefined ? '–' : percent(share);
    row.classList.toggle('top', isTop);
  }
}

/** Where the largest ones are, the largest first. @param {ArrayLike<number>} values @param {number} count */
const bestOf = (values, count) => Array.from(values, (_, i) => i).sort((a, b) => values[b] - values[a]).slice(0, count);
