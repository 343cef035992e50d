// What came of a program? Text, errors, figures, trainings, pages and files, in the order in which they came. What is asked of
// Python is asked through `send`.

import { bytes, duration, element } from '../../../src/fanlight/web/page/dom.js';
import * as figures from './figures.js';
import { Learning } from './learning.js';

const MOST_LETTERS = 200_000; // of one piece of text: an endless print must not fill the page

export class Output {
  /** @type {Map<string, { root: Element, show: (message: any) => void }>} */
  #figures = new Map();
  /** @type {Learning | undefined} */
  #learning;

  /** @param {HTMLElement} root @param {(what: string, name: string) => void} send */
  constructor(root, send) {
    this.root = root;
    this.send = send;
  }

  clear() {
    this.root.replaceChildren();
    this.#figures.clear();
    this.#learning = undefined;
  }

  /** Adds something, and keeps the end in sight where it was in sight. @param {...Node} nodes */
  #add(...nodes) {
    const { scrollHeight, scrollTop, clientHeight } = this.root;
    const isAtEnd = scrollHeight - scrollTop - clientHeight < 60;
    this.root.append(...nodes);
    if (isAtEnd) this.root.scrollTop = this.root.scrollHeight;
  }

  /** @param {{ stream: string, text: string }} message */
  text({ stream, text }) {
    let last = this.root.lastElementChild;
    if (!last?.matches(`pre.${stream}`)) {
      last = element('pre', { class: stream });
      this.#add(last);
    }
    const { scrollHeight, scrollTop, clientHeight } = this.root;
    const isAtEnd = scrollHeight - scrollTop - clientHeight < 60;
    last.append(text);
    if ((last.textContent ?? '').length > MOST_LETTERS) last.textContent = `…${(last.textContent ?? '').slice(-MOST_LETTERS / 2)}`;
    if (isAtEnd) this.root.scrollTop = this.root.scrollHeight;
  }

  /** @param {{ text: string }} message */
  error({ text }) {
    this.#add(element('pre', { class: 'error', role: 'alert' }, text.trimEnd()));
  }

  /** @param {any} message of fanlightProgress */
  progress(message) {
    if (message.stage === 'compiled') {
      this.#add(element('p', { class: 'fact' }, `Compiled to ${bytes(message.bytes)} of WebAssembly in ${duration(1000 * message.seconds)}.`));
    }
    if (message.stage) return;
    if (!this.#learning?.goesOn(message)) {
      const place = element('div');
      this.#add(place);
      this.#learning = new Learning(place);
    }
    this.#learning.hear(message);
  }

  /** @param {any} message of figures.js's kinds */
  figure(message) {
    const key = `${message.kind} ${message.title}`;
    let figure = this.#figures.get(key);
    if (!figure) {
      figure = figures[/** @type {'live' | 'curve' | 'regions' | 'pictures'} */ (message.kind)](message);
      this.#figures.set(key, figure);
      this.#add(figure.root);
    }
    figure.show(message);
  }

  /** A page of a model: apart from this one, without its origin. @param {{ title: string, text: string, height: number }} message */
  frame({ title, text, height }) {
    const frame = element('iframe', { title, sandbox: 'allow-scripts allow-downloads' });
    frame.style.height = `${height}px`;
    frame.srcdoc = text;
    this.root.append(frame);
    this.root.scrollTop = frame.offsetTop - this.root.offsetTop - 16; // a page is read from its beginning
  }

  /** What can be taken along. @param {{ models: { variable: string, title: string }[], files: string[] }} message */
  end({ models, files }) {
    const button = (/** @type {string} */ label, /** @type {string} */ what, /** @type {string} */ name) => {
      const made = element('button', { type: 'button', 'data-take': what, 'data-name': name }, label);
      made.addEventListener('click', () => this.send(what, name));
      return made;
    };
    for (const { variable: name, title } of models) {
      this.#add(element('section', { class: 'take' }, element('h3', {}, `Take ${title} with you`),
        element('p', {}, 'A web page that runs and trains it, as static files for any host or as one file to open from the disk.'),
        element('div', { class: 'row' }, button('Folder (.zip)', 'folder', name), button('One HTML file', 'file', name))));
    }
    if (files.length) {
      this.#add(element('section', { class: 'take' }, element('h3', {}, 'Files that the program wrote'),
        element('div', { class: 'row' }, ...files.map((name) => button(name, 'written', name)))));
    }
  }

  /** Gives a file to the visitor. @param {{ name: string, data: Uint8Array<ArrayBuffer> }} message @returns {string} what was done */
  download({ name, data }) {
    const href = URL.createObjectURL(new Blob([data]));
    element('a', { href, download: name }).click();
    setTimeout(() => URL.revokeObjectURL(href), 60_000);
    return `${name} (${bytes(data.length)}) is among your downloads.`;
  }
}
