// What do hands do with a page? They choose cards, carry them elsewhere and pull the page: each gesture is a few lines on events.

import { open } from './stage.js';

const CARDS = ['Sun', 'Moon', 'Leaf', 'Wave', 'Cloud', 'Stone', 'Flame', 'Snow', 'Star', 'Seed', 'Shell', 'Wind', 'Rain', 'Root', 'Sand', 'Spark'];
const STAY = 700; // milliseconds on a card that choose it

const board = document.getElementById('cards'), pointers = document.getElementById('pointers');
board.append(...CARDS.map((name, number) => {
  const card = Object.assign(document.createElement('li'), { className: 'card', textContent: name, tabIndex: 0 });
  card.dataset.shape = String(number % 8);
  card.addEventListener('click', () => choose(card));
  card.addEventListener('keydown', ({ key }) => key === 'Enter' && choose(card));
  return card;
}));

function choose(card) {
  for (const other of board.children) other.classList.toggle('chosen', other === card);
  document.getElementById('chosen').textContent = `Chosen: ${card.textContent}`;
}

/** A hand on the page: its pointer, what it carries or pulls, and the card under it. */
class Pointer {
  element = Object.assign(document.createElement('div'), { className: 'pointer' });
  carried;
  pulled;
  under;
  since = 0;

  constructor() {
    pointers.append(this.element);
  }

  /** @param {any} hand */
  move({ label, tip }) {
    // Arms are short: the middle of the picture reaches all of the window.
    const x = reach(tip.x) * innerWidth, y = reach(tip.y) * innerHeight;
    this.element.style.transform = `translate(${x}px, ${y}px)`;
    this.element.dataset.label = label;
    const card = document.elementFromPoint(x, y)?.closest?.('.card');
    if (this.carried) this.carry(card, x, y);
    else if (this.pulled !== undefined) {
      scrollBy(0, this.pulled - y);
      this.pulled = y;
    } else this.dwell(label === 'point' ? card : undefined);
  }

  dwell(card) {
    if (card !== this.under) {
      this.under?.classList.remove('under');
      card?.classList.add('under');
      [this.under, this.since] = [card, performance.now()];
    } else if (card && performance.now() - this.since > STAY) choose(card);
  }

  carry(card, x, y) {
    const { left, top, width, height } = this.place;
    this.carried.style.transform = `translate(${x - left - width / 2}px, ${y - top - height / 2}px) rotate(-2deg) scale(1.04)`;
    if (!card || card === this.carried) return;
    const isAfter = this.carried.compareDocumentPosition(card) & Node.DOCUMENT_POSITION_FOLLOWING;
    card[isAfter ? 'after' : 'before'](this.carried);
    this.settle();
  }

  /** Where the carried card lies when nobody carries it. */
  settle() {
    this.carried.style.transform = '';
    this.place = this.carried.getBoundingClientRect();
  }

  take(hand) {
    this.move(hand);
    const card = document.elementFromPoint(reach(hand.tip.x) * innerWidth, reach(hand.tip.y) * innerHeight)?.closest?.('.card');
    if (!card) return;
    this.carried = card;
    card.classList.add('carried');
    this.settle();
  }

  pull({ tip }) {
    this.pulled = reach(tip.y) * innerHeight;
  }

  letGo() {
    if (this.carried) {
      this.settle();
      this.carried.classList.remove('carried');
    }
    this.carried = this.pulled = undefined;
  }

  leave() {
    this.letGo();
    this.dwell();
    this.element.remove();
  }
}

const reach = (part) => Math.min(Math.max((part - 0.15) / 0.7, 0), 0.999);

const hands = await open();
/** @type {Map<number, Pointer>} */
const there = new Map();
hands.on('enter', ({ id }) => there.set(id, new Pointer()));
hands.on('pinch', (hand) => there.get(hand.id).take(hand));
hands.on('closed', (hand) => there.get(hand.id).pull(hand));
hands.on('release', ({ id }) => there.get(id).letGo());
hands.on('leave', ({ id }) => {
  there.get(id).leave();
  there.delete(id);
});
hands.on('hands', ({ hands: all }) => all.forEach((hand) => there.get(hand.id).move(hand)));
