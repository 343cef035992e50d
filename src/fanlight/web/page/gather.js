// What belongs to which class? A card for each: its name, its pictures, a button that records while it is held, and a place for
// files. It knows nothing of learning.

import { byId, element } from './dom.js';
import { imageOf, pixelsOf, rawOf } from './pixels.js';

const EVERY = 110; // milliseconds between two pictures while one records
const ROOM = 256e6; // bytes that all pictures may take as float32, when they are learnt from
const SHOWN = 24; // thumbnails of a class: the newest
const THUMB = 96; // points of their sides: two for each that the style gives them

/** @param {import('./app.js').App} app @param {HTMLElement} place
 * @param {{ camera: import('./camera.js').Camera, say: (text: string) => void, onChange: () => void }} heard */
export function gather(app, place, { camera, say, onChange }) {
  const { width = 1, height = 1 } = app.seen;
  const most = Math.floor(ROOM / app.labels.length / (width * height * 12));
  /** @type {Uint8Array[][]} */
  const samples = app.labels.map(() => []);
  let recording = -1, last = 0;

  const cards = app.labels.map((label, k) => {
    const name = element('input', { type: 'text', id: `photos-name-${k}`, maxlength: '24', autocomplete: 'off', spellcheck: 'false', value: label });
    const count = element('p', { class: 'muted', id: `photos-count-${k}` });
    const record = element('button', { type: 'button', id: `photos-record-${k}` }, 'Hold to record');
    const files = element('input', { type: 'file', id: `photos-files-${k}`, accept: 'image/*', multiple: '', class: 'unseen' });
    const clear = element('button', { type: 'button', id: `photos-clear-${k}` }, 'Clear');
    const list = element('ul', { class: 'thumbs', 'aria-label': 'Pictures, the newest first', 'data-hint': 'Drop pictures here' });
    const card = element('div', { class: 'class drop', id: `photos-class-${k}` },
      element('label', { class: 'field' }, element('span', {}, `Class ${k + 1}`), name), list, count,
      element('div', { class: 'row' }, record, element('label', { class: 'button' }, files, 'Add files'), clear));

    const draw = () => {
      const many = samples[k].length;
      count.textContent = !many ? 'No pictures yet' : `${many} picture${many > 1 ? 's' : ''}${many >= most ? ': it is full' : ''}`;
      clear.disabled = !many;
      list.replaceChildren(...samples[k].slice(-SHOWN).reverse().map((row) => thumbs.get(row) ?? show(row)));
      onChange();
    };
    /** Each is drawn once. @type {WeakMap<Uint8Array, HTMLElement>} */
    const thumbs = new WeakMap();
    const show = (/** @type {Uint8Array} */ row) => {
      const made = thumb(app, row, () => {
        samples[k].splice(samples[k].indexOf(row), 1);
        draw();
      });
      thumbs.set(row, made);
      return made;
    };
    const add = (/** @type {Uint8Array} */ row) => {
      if (samples[k].length >= most) return say(`“${app.labels[k]}” is full: ${most} pictures are as many as this page holds of each.`);
      samples[k].push(row);
      return draw();
    };
    const addFiles = async (/** @type {any} */ source) => {
      try {
        for await (const picture of pixelsOf(source)) add(rawOf(app, picture));
      } catch (error) {
        say(/** @type {Error} */ (error).message);
      }
    };
    files.addEventListener('change', async () => {
      await addFiles(files.files);
      files.value = '';
    });
    for (const kind of ['dragover', 'dragleave', 'drop']) {
      card.addEventListener(kind, (event) => {
        event.preventDefault();
        card.classList.toggle('over', kind === 'dragover');
        if (kind === 'drop') addFiles(/** @type {DragEvent} */ (event).dataTransfer);
      });
    }
    const hold = async () => {
      recording = k;
      record.classList.add('primary');
      record.textContent = 'Recording …';
      await camera.start();
    };
    const release = () => {
      if (recording === k) recording = -1;
      record.classList.remove('primary');
      record.textContent = 'Hold to record';
    };
    record.addEventListener('pointerdown', (event) => {
      record.setPointerCapture(event.pointerId);
      hold();
    });
    for (const kind of ['pointerup', 'pointercancel', 'lostpointercapture', 'blur']) record.addEventListener(kind, release);
    record.addEventListener('keydown', (event) => [' ', 'Enter'].includes(event.key) && !event.repeat && hold());
    record.addEventListener('keyup', release);
    record.addEventListener('contextmenu', (event) => event.preventDefault()); // a long press on a phone
    clear.addEventListener('click', () => {
      samples[k].length = 0;
      draw();
    });
    name.addEventListener('input', () => {
      app.names = samples.map((_, i) => /** @type {HTMLInputElement} */ (byId(`photos-name-${i}`)).value.trim() || `Class ${i + 1}`);
      app.tell('labels');
    });
    return { card, draw, add, name };
  });
  place.replaceChildren(...cards.map(({ card }) => card));
  app.on('restored', () => cards.forEach(({ name }, k) => { name.value = app.labels[k]; }));
  const gathered = {
    samples,
    /** A frame of the camera, for the class that is recorded now. @param {Uint8Array} row */
    record(row) {
      if (recording < 0 || performance.now() - last < EVERY) return;
      last = performance.now();
      cards[recording].add(row);
    },
  };
  queueMicrotask(() => cards.forEach(({ draw }) => draw())); // whoever hears of it has `samples` by then
  return gathered;
}

/** A picture as small as it is shown. @param {import('./app.js').App} app @param {Uint8Array} row @param {() => void} remove */
function thumb(app, row, remove) {
  const canvas = element('canvas', { width: `${THUMB}`, height: `${THUMB}`, 'aria-hidden': 'true' });
  const button = element('button', { type: 'button', title: 'Remove', 'aria-label': 'Remove this picture' }, canvas);
  button.addEventListener('click', remove);
  void createImageBitmap(imageOf(app, row), { resizeWidth: THUMB, resizeHeight: THUMB, resizeQuality: 'medium' }).then((small) => {
    canvas.getContext('2d')?.drawImage(small, 0, 0);
    small.close();
  });
  return element('li', {}, button);
}
