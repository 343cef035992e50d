// What happens when an exported page opens? Loads the model beside it, fills the strip of figures, and starts the sections
// that the page's HTML has; each section's code is imported only then. Drives nothing else.
//
// What a test or a script may rely on (`fanlight demo --check` does):
//   <html data-state>           loading, ready or failed; data-form: folder or one-file
//   window.fanlightPage         { state, model, labels, busy, probabilities(), bytesSent() }; probabilities are those last shown
//   #status #offer #offer-restore #offer-dismiss
//   #figure-sent #figure-code #figure-predict #figure-step #figure-backend #figure-offline
//   #draw       #draw-pad #draw-undo #draw-clear #draw-examples #draw-answer #draw-bars [data-label] #draw-seen
//   #look       #look-view #look-try #look-camera #look-answer #look-bars [data-label] #look-status
//   #form       #form-range-N #form-number-N #form-choice-N #form-examples #form-answer #form-bars
//   #teach      data-state: collect, learning, known; #teach-name #teach-pad #teach-keep #teach-slots #teach-status #teach-bars #teach-again
//   #photos     data-state: collect, learning, known; #photos-name-N #photos-record-N #photos-files-N #photos-count-N #photos-clear-N
//               #photos-train #photos-stop #photos-status #photos-camera #photos-try #photos-view #photos-answer #photos-bars
//               #photos-chart #photos-matrix
//   #train      data-state: idle, learning, done, stopped, failed; #train-start #train-stop #train-forget #train-back
//               #train-status #train-epoch #train-speed #train-loss #train-held #train-loss-chart #train-metric-chart
//   #digits li  data-truth, class right or wrong;  #regions #regions-across #regions-up;  #curve, circles with data-point
//   #inside     #inside-matrix #inside-layers #inside-weights #inside-times
//   #keep       data-state: idle, done, failed; #keep-save #keep-restore #keep-saved #keep-download #keep-open #keep-drop
//               #keep-line #keep-copy #keep-status #keep-onefile #keep-onefile-link

import { load } from '../index.js';
import { App } from './app.js';
import { byId, percent } from './dom.js';
import { bytesSent, countBytesSent, isOneFile, startFigures } from './figures.js';

/** @typedef {{ probabilities?: () => number[] } | void} Started */
/** @type {Record<string, () => Promise<{ start: (app: App) => Promise<Started> }>>} */
const PARTS = {
  draw: () => import('./draw.js'),
  look: () => import('./look.js'),
  form: () => import('./form.js'),
  data: () => import('./data.js'),
  teach: () => import('./teach.js'),
  photos: () => import('./photos.js'),
  train: () => import('./train.js'),
  steps: () => import('./steps.js'),
  inside: () => import('./inside.js'),
  keep: () => import('./keep.js'),
};

async function open() {
  const root = document.documentElement;
  root.dataset.state = 'loading';
  countBytesSent();
  const status = byId('status');
  /** @type {Started[]} */
  const started = [];
  const become = (/** @type {'ready' | 'failed'} */ state) => { root.dataset.state = state; };
  try {
    const onProgress = (/** @type {import('../types.d.ts').Progress} */ { loaded, total }) => {
      status.textContent = `Loading the model … ${percent(loaded / total)}`;
    };
    const app = new App(await load({ onProgress }));
    Object.defineProperty(globalThis, 'fanlightPage', { value: {
      model: app.model,
      bytesSent,
      get state() { return root.dataset.state; },
      get labels() { return app.labels; },
      get busy() { return app.busy; },
      probabilities: () => started.find((part) => part?.probabilities)?.probabilities?.() ?? [],
    } });
    for (const section of document.querySelectorAll('[data-part]')) {
      const { part = '' } = /** @type {HTMLElement} */ (section).dataset;
      const name = part === 'train' && !app.model.manifest.training ? 'steps' : part;
      started.push(await (await PARTS[name]()).start(app));
      if (section.getAttribute('data-state') === 'loading') section.setAttribute('data-state', 'ready');
    }
    status.hidden = true;
    await startFigures(app, await settle(app).then(() => true, () => false));
    become('ready');
  } catch (error) {
    status.hidden = false;
    status.classList.add('failed');
    status.textContent = `This page could not start.\n${/** @type {Error} */ (error).message}`;
    become('failed');
    console.error(error);
  }
}

/** Fetches now what would be fetched when it is first used: the page then needs no network. @param {App} app */
async function settle(app) {
  const { manifest } = app.model;
  // The parts of pages that are shown here are there by now; those of other pages are called page-... too.
  const scripts = isOneFile() ? [] : Object.keys(manifest.files).filter((name) => /^(?!page-|widgets).*\.js$/.test(name));
  await Promise.all(scripts.map((href) => new Promise((resolve, reject) => {
    const link = Object.assign(document.createElement('link'), { rel: 'modulepreload', href, onload: resolve, onerror: reject });
    if (link.relList.supports('modulepreload')) document.head.append(link);
    else fetch(href).then(resolve, reject);
  })));
  const { train } = await app.data();
  if (!manifest.training || !train) return;
  // No epochs: the worker starts and loads its part, and nothing is learnt.
  const few = (/** @type {import('../types.d.ts').Shaped} */ { data, shape }) => ({ data: data.slice(0, data.length / shape[0]), shape: [1, ...shape.slice(1)] });
  await app.model.fit({ [app.input.name]: few(train.x) }, few(train.y), { epochs: 0 });
}

open();
