// What does a program draw? Growing lines, curves through points, regions of a plane, small pictures: with the parts of exported
// pages. Each has a title; the next one of that title takes its place.

import { Chart } from '../../../src/fanlight/web/page/chart.js';
import { element, latest, shape } from '../../../src/fanlight/web/page/dom.js';
import { axis, frameOf } from '../../../src/fanlight/web/page/plot.js';

const COLOURS = 8; // --class-0 to --class-7

/** @param {string} title @param {...Node} content */
const titled = (title, ...content) => element('figure', { class: 'figure', 'data-title': title }, element('h3', {}, title), ...content);

/** @param {{ title: string }} first */
export function live({ title }) {
  const svg = shape('svg', { class: 'chart', role: 'img' });
  const chart = new Chart(svg, { title, along: 'steps', lines: ['now'], isLog: true });
  const draw = latest(() => chart.draw());
  let count = 0;
  return {
    root: element('figure', { class: 'figure', 'data-title': title }, svg),
    show({ value, step }) {
      chart.add(0, step ?? count, value);
      count++;
      draw();
    },
  };
}

/** @param {{ title: string }} first */
export function curve({ title }) {
  const svg = shape('svg', { class: 'chart', role: 'img', 'aria-label': title });
  /** @type {any} */
  let now;
  const draw = latest(() => {
    const [xs, ys] = now.line;
    const [px, py] = now.points;
    const ends = (values) => [Math.min(...values), Math.max(...values)];
    // Where there are points they say what is worth seeing: a curve may leave the picture.
    const frame = frameOf(svg, axis(...ends([...xs, ...px]), 'x'), axis(...ends(py.length ? spread(py) : ys), 'y'));
    const { left, top, width, height } = frame.inner;
    const path = xs.map((x, i) => `${frame.x(x).toFixed(1)},${Math.max(-1e4, Math.min(1e4, frame.y(ys[i]))).toFixed(1)}`);
    const inner = shape('svg', { x: left, y: top, width, height, viewBox: `${left} ${top} ${width} ${height}` },
      shape('polyline', { class: 'curve', points: path.join(' ') }));
    const dots = px.map((x, i) => shape('circle', { cx: frame.x(x), cy: frame.y(py[i]), r: 5, class: 'point' }));
    svg.replaceChildren(...frame.parts, inner, ...dots);
  });
  const root = titled(title, element('div', { class: 'plot' }, svg));
  new ResizeObserver(() => now && draw()).observe(root);
  return {
    root,
    show(message) {
      now = message;
      draw();
    },
  };
}

/** Values with a tenth of room above and below. @param {number[]} values */
function spread(values) {
  const low = Math.min(...values), high = Math.max(...values);
  return [low - 0.1 * (high - low), high + 0.1 * (high - low)];
}

/** @param {{ title: string }} first */
export function regions({ title }) {
  const canvas = element('canvas', { role: 'img', 'aria-label': title });
  const root = titled(title, element('div', { class: 'regions' }, canvas));
  /** @type {any} */
  let now;
  const draw = latest(() => {
    const { size, best, sure, points, labels, reach } = now;
    const colours = coloursOf(root);
    const side = Math.max(1, Math.round(canvas.getBoundingClientRect().width * devicePixelRatio));
    Object.assign(canvas, { width: side, height: side });
    const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d'));
    // One pixel a point of the plane, then smoothly enlarged.
    const small = new OffscreenCanvas(size, size);
    const paint = /** @type {OffscreenCanvasRenderingContext2D} */ (small.getContext('2d'));
    best.forEach((kind, i) => {
      paint.globalAlpha = 0.06 + 0.44 * Math.max(0, sure[i] * 1.5 - 0.5);
      paint.fillStyle = colours[kind % COLOURS];
      paint.fillRect(i % size, Math.floor(i / size), 1, 1);
    });
    context.drawImage(small, 0, 0, side, side);
    context.strokeStyle = getComputedStyle(root).getPropertyValue('--surface');
    context.lineWidth = side / 400;
    points.forEach(([x, y], i) => {
      context.beginPath();
      context.arc((0.5 + x / reach / 2) * side, (0.5 - y / reach / 2) * side, side / 90, 0, 7);
      context.fillStyle = colours[labels[i] % COLOURS];
      context.fill();
      context.stroke();
    });
  });
  new ResizeObserver(() => now && draw()).observe(root);
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => now && draw());
  return {
    root,
    show(message) {
      now = message;
      draw();
    },
  };
}

/** @param {Element} root @returns {string[]} the style sheet's colours of classes */
function coloursOf(root) {
  const style = getComputedStyle(root);
  return Array.from({ length: COLOURS }, (_, k) => style.getPropertyValue(`--class-${k}`).trim());
}

/** @param {{ title: string }} first */
export function pictures({ title }) {
  const list = element('ul', { class: 'digits' });
  return {
    root: titled(title, list),
    show({ images, captions, wrong }) {
      list.replaceChildren(...images.map((pixels, i) => {
        const side = Math.round(Math.sqrt(pixels.length));
        const canvas = element('canvas', { width: `${side}`, height: `${side}`, role: 'img', 'aria-label': 'a picture' });
        const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d'));
        const ink = context.createImageData(side, side);
        const isDark = matchMedia('(prefers-color-scheme: dark)').matches;
        pixels.forEach((value, k) => ink.data.set([...(isDark ? [241, 242, 245] : [21, 23, 28]), Math.round(255 * value)], 4 * k));
        context.putImageData(ink, 0, 0);
        return element('li', { class: wrong.includes(i) ? 'wrong' : 'right' }, canvas, element('span', {}, captions[i] ?? ''));
      }));
    },
  };
}
