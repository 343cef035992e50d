// How does a visitor draw? Strokes on a square canvas with pen, finger, mouse or keys: smooth lines of one width. Points
// are fractions of the side, so the same strokes can be drawn at any size. It knows no model.

import { isCalm } from './dom.js';

/** @typedef {number[]} Stroke x, y, x, y, ... */

const PEN = 0.055; // of the side: what 15 pixels are on a pad of 280
const STEP = 0.004; // points closer than this say nothing new

/** Draws strokes over the whole of a square canvas. @param {CanvasRenderingContext2D} context @param {readonly Stroke[]} strokes @param {number} side */
export function trace(context, strokes, side) {
  context.lineWidth = PEN * side;
  context.lineCap = context.lineJoin = 'round';
  for (const points of strokes) {
    const at = (/** @type {number} */ i) => points[i] * side;
    const last = points.length - 2;
    context.beginPath();
    context.moveTo(at(0), at(1));
    // Curves through the midpoints bend where the hand did, and have no corners.
    for (let i = 2; i < last; i += 2) context.quadraticCurveTo(at(i), at(i + 1), (at(i) + at(i + 2)) / 2, (at(i + 1) + at(i + 3)) / 2);
    context.lineTo(at(last), at(last + 1));
    context.stroke();
  }
}

export class Pad {
  /** @type {Stroke[]} */
  strokes = [];
  isExample = false;
  #pointer = -1;
  #keys = { shown: false, down: false, x: 0.5, y: 0.5 };
  #replay = 0;
  #hidden = document.createElement('canvas');

  /**
   * @param {HTMLCanvasElement} canvas
   * @param {{ undo: HTMLButtonElement, clear: HTMLButtonElement, onChange: () => void, onStroke?: () => void }} options
   *   onChange after every change, onStroke when the pen is lifted
   */
  constructor(canvas, options) {
    this.canvas = canvas;
    this.options = options;
    canvas.addEventListener('pointerdown', (event) => this.#press(event));
    canvas.addEventListener('pointermove', (event) => this.#move(event));
    for (const name of /** @type {const} */ (['pointerup', 'pointercancel'])) canvas.addEventListener(name, (event) => this.#lift(event));
    canvas.addEventListener('keydown', (event) => this.#type(event));
    canvas.addEventListener('blur', () => this.#cross(false));
    options.undo.addEventListener('click', () => this.undo());
    options.clear.addEventListener('click', () => this.clear());
    new ResizeObserver(() => this.draw()).observe(canvas);
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => this.draw());
  }

  get isEmpty() {
    return !this.strokes.length;
  }

  undo() {
    this.#replay++;
    this.strokes.pop();
    this.#changed();
    this.options.onStroke?.();
  }

  clear() {
    this.#replay++;
    this.strokes = [];
    this.isExample = false;
    this.#keys.down = false;
    this.#changed();
    this.options.onStroke?.();
  }

  /** Shows an example as if a hand drew it; the visitor's first touch takes it away. @param {readonly Stroke[]} strokes */
  async play(strokes) {
    this.clear();
    this.isExample = true;
    const mine = ++this.#replay;
    const total = strokes.reduce((sum, points) => sum + points.length / 2, 0);
    const start = performance.now();
    for (let shown = 0; shown < total && mine === this.#replay;) {
      // A hand needs about a second.
      shown = isCalm() ? total : Math.min(total, Math.ceil((total * (performance.now() - start)) / 1100));
      let left = shown;
      this.strokes = strokes.map((points) => {
        const part = points.slice(0, 2 * Math.max(0, left));
        left -= points.length / 2;
        return part;
      }).filter((points) => points.length);
      this.#changed();
      if (shown < total) await new Promise(requestAnimationFrame);
    }
    if (mine === this.#replay) this.options.onStroke?.();
  }

  /** How much ink each of `height` by `width` points has, 0 to 255. @param {number} height @param {number} width */
  ink(height, width) {
    const most = Math.max(width, height);
    const fine = Math.ceil(100 / most); // a coarse picture is the mean of a fine one
    const side = fine * most;
    if (this.#hidden.width !== side) this.#hidden.width = this.#hidden.height = side;
    const context = /** @type {CanvasRenderingContext2D} */ (this.#hidden.getContext('2d', { willReadFrequently: true }));
    context.clearRect(0, 0, side, side);
    trace(context, this.strokes, side);
    const { data } = context.getImageData((side - fine * width) / 2, (side - fine * height) / 2, fine * width, fine * height);
    const sums = new Float32Array(width * height);
    for (let i = 0; 4 * i < data.length; i++) {
      const x = i % (fine * width), y = (i - x) / (fine * width);
      sums[Math.floor(y / fine) * width + Math.floor(x / fine)] += data[4 * i + 3];
    }
    return Uint8Array.from(sums, (sum) => sum / fine ** 2);
  }

  draw() {
    const side = Math.round(this.canvas.clientWidth * devicePixelRatio);
    if (!side) return;
    if (this.canvas.width !== side) this.canvas.width = this.canvas.height = side;
    const context = /** @type {CanvasRenderingContext2D} */ (this.canvas.getContext('2d'));
    context.clearRect(0, 0, side, side);
    context.strokeStyle = context.fillStyle = getComputedStyle(this.canvas).color;
    context.globalAlpha = this.isExample ? 0.55 : 1;
    trace(context, this.strokes, side);
    const { shown, down, x, y } = this.#keys;
    if (this.isEmpty && !shown) {
      context.globalAlpha = 0.5;
      context.font = `${17 * devicePixelRatio}px system-ui, sans-serif`;
      context.textAlign = 'center';
      context.fillText(this.canvas.dataset.hint ?? '', side / 2, side / 2);
    }
    if (shown) {
      context.globalAlpha = 1;
      context.lineWidth = 2 * devicePixelRatio;
      context.beginPath();
      context.arc(x * side, y * side, 0.04 * side, 0, 7);
      if (down) context.fill();
      else context.stroke();
    }
  }

  #changed() {
    this.options.undo.disabled = this.options.clear.disabled = this.isEmpty;
    this.draw();
    this.options.onChange();
  }

  /** @param {number} x @param {number} y */
  #begin(x, y) {
    if (this.isExample) this.clear();
    this.strokes.push([x, y]);
    this.#changed();
  }

  /** @param {number} x @param {number} y */
  #extend(x, y) {
    const points = this.strokes[this.strokes.length - 1];
    if (Math.hypot(x - points[points.length - 2], y - points[points.length - 1]) >= STEP) points.push(x, y);
  }

  /** @param {PointerEvent} event @returns {[number, number]} */
  #where({ clientX, clientY }) {
    const box = this.canvas.getBoundingClientRect();
    return [(clientX - box.left) / box.width, (clientY - box.top) / box.height];
  }

  /** @param {PointerEvent} event */
  #press(event) {
    if (event.button || this.#pointer >= 0) return;
    this.#pointer = event.pointerId;
    this.canvas.setPointerCapture(event.pointerId);
    this.#cross(false);
    this.#begin(...this.#where(event));
  }

  /** @param {PointerEvent} event */
  #move(event) {
    if (event.pointerId !== this.#pointer) return;
    // Between two frames a pen reports several places; some browsers give an empty list for made-up events.
    const places = event.getCoalescedEvents?.() ?? [];
    for (const place of places.length ? places : [event]) this.#extend(...this.#where(place));
    this.#changed();
  }

  /** @param {PointerEvent} event */
  #lift(event) {
    if (event.pointerId !== this.#pointer) return;
    this.#pointer = -1;
    this.options.onStroke?.();
  }

  /** @param {boolean} shown */
  #cross(shown) {
    Object.assign(this.#keys, { shown, down: shown && this.#keys.down });
    this.draw();
  }

  /** @param {KeyboardEvent} event */
  #type(event) {
    const keys = this.#keys;
    const step = event.shiftKey ? 0.01 : 0.035;
    const [dx, dy] = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, -step], ArrowDown: [0, step] }[event.key] ?? [0, 0];
    if (dx || dy) {
      keys.x = Math.min(1, Math.max(0, keys.x + dx));
      keys.y = Math.min(1, Math.max(0, keys.y + dy));
      if (keys.down) this.#extend(keys.x, keys.y);
      this.#cross(true);
      if (keys.down) this.#changed();
    } else if (event.key === ' ') {
      keys.down = !keys.down;
      if (keys.down) this.#begin(keys.x, keys.y);
      else this.options.onStroke?.();
      keys.down &&= !this.isEmpty;
      this.#cross(true);
    } else if (event.key === 'Backspace') this.undo();
    else if (event.key === 'Escape') this.clear();
    else return;
    event.preventDefault();
  }
}
