// How is one photo shown? Its small picture, the verdict in words, the bars of both heads, how long it took.

import { KINDS, LIMIT, percent } from './verdict.js';

/** @param {string} tag @param {Record<string, any>} attributes @param {(Node | string)[]} children */
export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

/** A photo on the page: waiting first; `show` and `fail` say what became of it. */
export class Card {
  verdict = element('p', { class: 'verdict' }, 'Waiting …');
  details = element('div', { class: 'details' });
  thumbnail = /** @type {HTMLCanvasElement} */ (element('canvas', { role: 'img', width: 4, height: 3 }));
  remove = element('button', { type: 'button', class: 'remove' }, 'Remove');
  /** @type {any} */
  answer;

  /** @param {string} name */
  constructor(name) {
    this.name = name;
    this.thumbnail.setAttribute('aria-label', name);
    this.remove.setAttribute('aria-label', `Remove ${name}`);
    const frame = element('div', { class: 'frame' }, this.thumbnail);
    const head = element('div', { class: 'head' }, element('h3', { title: name }, name), this.remove);
    this.row = element('li', { class: 'photo', 'data-state': 'waiting' }, frame, element('div', { class: 'said' }, head, this.verdict, this.details));
  }

  show(answer) {
    this.answer = answer;
    const { words, isSensitive, picture, scores, paper, milliseconds: { decode, judge }, size: [width, height] } = answer;
    Object.assign(this.thumbnail, { width: picture.width, height: picture.height });
    this.thumbnail.getContext('2d').drawImage(picture, 0, 0);
    this.row.dataset.state = isSensitive ? 'sensitive' : 'plain';
    this.verdict.textContent = words;
    const kinds = Array.from(/** @type {Float32Array} */ (scores.photo)).map((part, kind) => bar(KINDS[kind], part, [1, 3, 4].includes(kind)));
    const times = `${judge.toFixed(0)} ms to judge, ${decode.toFixed(0)} ms to open`;
    this.details.replaceChildren(
      element('h4', {}, 'Document'), element('ul', { class: 'bars', 'aria-label': 'Document' }, bar('Card or letter', paper, true)),
      element('h4', {}, 'Kind of photo'), element('ul', { class: 'bars', 'aria-label': 'Kind of photo' }, ...kinds),
      element('p', { class: 'times' }, `${times}; ${width}\u00a0×\u00a0${height}`));
  }

  fail(message) {
    this.row.dataset.state = 'failed';
    this.verdict.textContent = 'Could not be opened';
    this.details.replaceChildren(element('p', { class: 'times' }, message));
  }

  /** What the visitor decided. @param {string} text */
  decided(text) {
    this.row.dataset.decision = text;
    this.verdict.textContent = `${this.answer.words} · ${text}`;
  }
}

function bar(label, part, isWarning) {
  const fill = element('span', { class: 'fill' });
  fill.style.width = `${100 * part}%`;
  const row = element('li', { 'data-label': label, 'data-value': part.toFixed(6) },
    element('span', { class: 'label' }, label), element('span', { class: 'track' }, fill), element('span', { class: 'value' }, percent(part)));
  if (isWarning && part > LIMIT) row.classList.add('over');
  return row;
}
