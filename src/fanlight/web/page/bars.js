// How sure is the model of each answer? A list of bars that follow an array of probabilities; the longest stands out.

import { argmax } from './app.js';
import { element, percent } from './dom.js';

export class Bars {
  /** @type {{ row: HTMLLIElement, fill: HTMLElement, value: HTMLElement }[]} */
  #rows = [];

  /** @param {HTMLElement} list */
  constructor(list) {
    this.list = list;
  }

  /** @param {readonly string[]} labels @param {number} known how many of them the model was shipped with */
  name(labels, known = labels.length) {
    this.#rows = labels.map((label, k) => {
      const fill = element('span', { class: 'fill' });
      const value = element('span', { class: 'value' }, '–');
      const row = element('li', { 'data-label': label, class: k >= known ? 'new' : '' },
        element('span', { class: 'name', title: label }, label), element('span', { class: 'track' }, fill), value);
      return { row, fill, value };
    });
    this.list.replaceChildren(...this.#rows.map(({ row }) => row));
  }

  /** @param {ArrayLike<number>} [values] none: there is nothing to be sure of */
  show(values) {
    const top = values ? argmax(Array.from(values).slice(0, this.#rows.length)) : -1;
    this.#rows.forEach(({ row, fill, value }, k) => {
      fill.style.clipPath = `inset(0 ${100 - 100 * (values ? values[k] : 0)}% 0 0 round 6px)`;
      value.textContent = values ? percent(values[k]) : '–';
      row.classList.toggle('top', k === top);
    });
  }
}
