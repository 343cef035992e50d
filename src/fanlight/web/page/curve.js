// How well does the model go through points? A plot of pairs of numbers with the model's curve. The visitor adds points with a
// click, moves them, takes them away with a double click or with keys; what is learnt from follows.

import { element, latest, shape } from './dom.js';
import { axis, frameOf } from './plot.js';

/** @typedef {import('./app.js').App} App */

const FINE = 120; // places at which the curve is computed

/** @param {App} app @param {HTMLElement} place */
export async function start(app, place) {
  const { train } = await app.data();
  const points = Array.from({ length: train.x.shape[0] }, (_, i) => [Number(train.x.data[i]), Number(train.y.data[i])]);
  const shipped = points.length;
  const most = limitOf(app);
  const span = (/** @type {number} */ k) => /** @type {const} */ ([Math.min(...points.map((point) => point[k])), Math.max(...points.map((point) => point[k]))]);
  const across = axis(...span(0), app.input.name);
  const up = axis(...span(1), app.output.name);
  const room = 0.25 * (up.high - up.low);
  up.low -= room;
  up.high += room;

  const label = "Points and the model's curve. Arrow keys move a cursor, enter adds a point, delete takes the nearest away.";
  const svg = shape('svg', { class: 'chart editable', id: 'curve', tabindex: 0, role: 'application', 'aria-label': label });
  const note = element('p', { class: 'muted', id: 'curve-note' });
  place.replaceChildren(element('div', { class: 'plot' }, svg), note);
  let held = -1;
  const cursor = { x: (across.low + across.high) / 2, y: (up.low + up.high) / 2, shown: false };
  let frame = frameOf(svg, across, up);

  const update = latest(async () => {
    frame = frameOf(svg, across, up);
    const open = typeof app.input.shape[0] !== 'number';
    const count = open ? FINE : Number(app.input.shape[0]);
    const xs = Float32Array.from({ length: count }, (_, i) => across.low + ((across.high - across.low) * i) / (count - 1));
    const ys = await app.predict(xs);
    const line = Array.from(xs, (x, i) => `${frame.x(x).toFixed(1)},${Math.max(-1e4, Math.min(1e4, frame.y(ys[i]))).toFixed(1)}`);
    const dots = points.map(([x, y], i) => shape('circle', { cx: frame.x(x), cy: frame.y(y), r: i === held ? 9 : 6.5, class: 'point handle', 'data-point': i }));
    const cross = cursor.shown ? [shape('circle', { cx: frame.x(cursor.x), cy: frame.y(cursor.y), r: 12, class: 'here' })] : [];
    const { left, top, width, height } = frame.inner;
    // An inner svg cuts off what leaves the axes.
    const curve = shape('svg', { x: left, y: top, width, height, viewBox: `${left} ${top} ${width} ${height}` },
      shape('polyline', { class: 'curve', points: line.join(' ') }));
    svg.replaceChildren(...frame.parts, curve, ...dots, ...cross);
    note.textContent = points.length >= most
      ? `${points.length} points, and there is no room for more. Drag them, or take one away with a double click.`
      : `Click to add a point, drag to move one, double-click to take one away. ${points.length} points${points.length !== shipped ? `, ${shipped} of them came with the page` : ''}.`;
  });
  const changed = () => {
    const x = { data: Float32Array.from(points, ([x]) => x), shape: [points.length, ...train.x.shape.slice(1)] };
    const y = { data: Float32Array.from(points, ([, y]) => y), shape: [points.length, ...train.y.shape.slice(1)] };
    app.edited = { x, y, raw: x };
    app.tell('samples');
    update();
  };
  const add = (/** @type {number} */ x, /** @type {number} */ y) => {
    if (points.length >= most) return -1;
    return points.push([x, y]) - 1;
  };
  const remove = (/** @type {number} */ i) => {
    if (points.length > 2) points.splice(i, 1);
  };
  const where = (/** @type {MouseEvent} */ event) => {
    const box = svg.getBoundingClientRect();
    const clamp = (/** @type {number} */ value, /** @type {{ low: number, high: number }} */ { low, high }) => Math.min(high, Math.max(low, value));
    return [clamp(frame.back.x(event.clientX - box.left), across), clamp(frame.back.y(event.clientY - box.top), up)];
  };
  /** The point nearest to a place, and how far it is in pixels. @param {number} x @param {number} y */
  const nearest = (x, y) => points.map((point, i) => ({ i, far: Math.hypot(frame.x(point[0]) - frame.x(x), frame.y(point[1]) - frame.y(y)) }))
    .sort((a, b) => a.far - b.far)[0];

  svg.addEventListener('pointerdown', (event) => {
    if (event.button) return;
    const [x, y] = where(event);
    const near = nearest(x, y);
    held = near.far < 18 ? near.i : add(x, y);
    svg.setPointerCapture(event.pointerId);
    cursor.shown = false;
    changed();
  });
  svg.addEventListener('pointermove', (event) => {
    if (held < 0 || !event.buttons) return;
    points[held] = where(event);
    changed();
  });
  const drop = () => {
    held = -1;
    update();
  };
  svg.addEventListener('pointerup', drop);
  svg.addEventListener('pointercancel', drop);
  svg.addEventListener('dblclick', (event) => {
    const [x, y] = where(event);
    const near = nearest(x, y);
    if (near.far < 18) remove(near.i);
    changed();
  });
  svg.addEventListener('keydown', (event) => {
    const [dx, dy] = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[event.key] ?? [0, 0];
    if (dx || dy) {
      cursor.x = Math.min(across.high, Math.max(across.low, cursor.x + dx * 0.02 * (across.high - across.low)));
      cursor.y = Math.min(up.high, Math.max(up.low, cursor.y + dy * 0.03 * (up.high - up.low)));
    } else if (event.key === 'Enter' || event.key === ' ') {
      add(cursor.x, cursor.y);
      changed();
    } else if (event.key === 'Delete' || event.key === 'Backspace') {
      remove(nearest(cursor.x, cursor.y).i);
      changed();
    } else return;
    cursor.shown = true;
    event.preventDefault();
    update();
  });
  svg.addEventListener('blur', () => {
    cursor.shown = false;
    update();
  });
  app.on('weights', update);
  new ResizeObserver(update).observe(svg);
}

/** How many points a step takes at most. @param {App} app */
function limitOf({ model: { manifest } }) {
  if (manifest.training) return 500;
  const sizes = Object.values(manifest.functions).filter((spec) => spec.writes.length && spec.inputs.length).flatMap((spec) => spec.sizes);
  return sizes.length ? Math.min(...sizes.map((size) => size.high)) : 0;
}
