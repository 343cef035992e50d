// How sure is the model of its best answers? Bars as everywhere; of many answers the best few, the best one first.

import { Bars } from './bars.js';

const MOST = 20; // answers that have a bar each
const BEST = 5; // that are shown of more

export class BestBars {
  /** @type {readonly string[]} */
  #labels = [];
  /** @type {readonly number[]} */
  #shown = [];

  /** @param {HTMLElement} list */
  constructor(list) {
    this.list = list;
    this.bars = new Bars(list);
  }

  /** @param {readonly string[]} labels */
  name(labels) {
    this.#labels = labels;
    this.#call(labels.slice(0, labels.length > MOST ? BEST : MOST).map((_, k) => k));
    this.list.classList.toggle('best', labels.length > MOST);
  }

  /** @param {readonly number[]} values */
  show(values) {
    if (this.#labels.length > MOST && values.length) {
      const best = values.map((_, k) => k).sort((a, b) => values[b] - values[a]).slice(0, BEST);
      if (best.some((k, place) => k !== this.#shown[place])) this.#call(best); // else the bars stay, and glide
    }
    this.bars.show(this.#shown.map((k) => values[k]));
  }

  /** Gives each bar an answer. @param {readonly number[]} answers */
  #call(answers) {
    this.#shown = answers;
    this.bars.name(answers.map((k) => this.#labels[k]));
  }
}
