// What does the playground do? Joins the editor, Python in its worker, and the output. `SITE` is what build.py says of the
// folder: sizes of files, a version, the programs, the worker's text.
//
// For tests: <html data-state> is loading, ready, running or broken; <html data-end> is how the last program ended: done,
// failed or stopped; globalThis.playground has the editor.

import { byId, bytes, percent } from '../../../src/fanlight/web/page/dom.js';
import { Editor } from './editor.js';
import { Output } from './output.js';
import { Python } from './python.js';
import { fromFragment, toFragment } from './share.js';

/* global SITE */

const KEPT = 'fanlight-playground';
const root = document.documentElement;
const examples = /** @type {HTMLSelectElement} */ (byId('examples'));
const button = (name) => /** @type {HTMLButtonElement} */ (byId(name));
const progress = /** @type {HTMLProgressElement} */ (byId('progress'));
/** What the visitor made of each program. @type {Record<string, string>} */
const drafts = kept();
let chosen = SITE.programs[0].name;
let shared;
let began = 0;

const editor = new Editor(byId('editor'), { onRun: run, onChange: changed });
const output = new Output(byId('output'), (what, name) => {
  say(`Preparing ${name} …`, true);
  python.send(what, name);
});
const python = new Python(SITE, hear);

Object.assign(globalThis, { playground: { editor } });

/** @param {string} text @param {boolean | number} [isWaiting] or how much is done, 0 to 1 @param {boolean} [isFailed] */
function say(text, isWaiting = false, isFailed = false) {
  if (byId('state').textContent !== text) byId('state').textContent = text;
  byId('state').classList.toggle('failed', isFailed);
  progress.hidden = isWaiting === false;
  if (typeof isWaiting === 'number') progress.value = isWaiting;
  else progress.removeAttribute('value');
}

/** @param {'loading' | 'ready' | 'running' | 'broken'} state */
function become(state) {
  root.dataset.state = state;
  button('run').hidden = state === 'running';
  button('stop').hidden = state !== 'running';
}

function run() {
  if (root.dataset.state === 'running') return;
  delete root.dataset.end;
  output.clear();
  byId('empty').hidden = true;
  editor.mark(null);
  if (python.isReady) {
    become('running');
    say('Running …', true);
  } else {
    say('Python is still loading; the program runs when it is there.', true);
  }
  began = performance.now();
  python.run(editor.text);
  if (matchMedia('(max-width: 860px)').matches) byId('result').scrollIntoView({ behavior: 'smooth' });
}

/** @param {any} message of worker.js and playground.py */
function hear(message) {
  const { kind } = message;
  if (kind === 'loading') {
    const { done, total, stage } = message;
    say(stage ? `${stage} …` : `Loading Python … ${percent(done / total)} of ${bytes(total)}`, stage ? true : done / total);
  } else if (kind === 'ready') {
    editor.names = message.names;
    const isAsked = byId('empty').hidden && !root.dataset.end;
    become(isAsked ? 'running' : 'ready');
    say(isAsked ? 'Running …' : `Ready: Python ${message.version}, in this browser.`, isAsked);
    keepForLater();
  } else if (kind === 'end') {
    const seconds = (performance.now() - began) / 1000;
    root.dataset.end = message.state;
    become('ready');
    const said = { done: 'Done', failed: 'The program failed', stopped: 'Stopped' };
    say(`${said[message.state]} after ${seconds.toFixed(1)} s.`, false, message.state === 'failed');
    output.end(message);
  } else if (kind === 'again') {
    become('loading');
    say('Python was ended, and starts again …', true);
  } else if (kind === 'error') {
    output.error(message);
    editor.mark(message.line);
  } else if (kind === 'download') {
    say(output.download(message));
  } else if (kind === 'refused') {
    say(message.text, false, true);
  } else if (kind === 'broken') {
    become('broken');
    say(`Python does not run here: ${message.text}`, false, true);
  } else if (kind === 'progress') {
    say(message.stage === 'compiling' ? 'Compiling to WebAssembly …' : 'Running …', true);
    output.progress(message);
  } else if (kind === 'text' || kind === 'frame') {
    output[kind](message);
  } else {
    output.figure(message);
  }
}

// --- programs

function kept() {
  try {
    return JSON.parse(localStorage.getItem(KEPT) ?? '{}');
  } catch {
    return {};
  }
}

function changed() {
  if (chosen === 'shared') return;
  const program = SITE.programs.find((each) => each.name === chosen);
  const isChanged = editor.text !== program?.text;
  button('reset').hidden = !isChanged;
  if (isChanged) drafts[chosen] = editor.text;
  else delete drafts[chosen];
  try {
    localStorage.setItem(KEPT, JSON.stringify(drafts));
  } catch { /* a private window keeps nothing */ }
}

/** @param {string} name */
function choose(name) {
  chosen = name;
  examples.value = name;
  byId('shared').hidden = name !== 'shared';
  const program = SITE.programs.find((each) => each.name === name);
  editor.text = name === 'shared' ? shared : drafts[name] ?? program?.text ?? '';
  button('reset').hidden = !(name in drafts);
}

async function openFragment() {
  const found = await fromFragment(location.hash);
  if (found === undefined) return false;
  shared = found;
  if (!examples.querySelector('[value=shared]')) examples.prepend(new Option('From the link', 'shared'));
  choose('shared');
  return true;
}

examples.append(...SITE.programs.map(({ name, title }) => new Option(title, name)));
examples.addEventListener('change', () => choose(examples.value));
button('run').addEventListener('click', run);
button('stop').addEventListener('click', () => {
  say('Stopping …', true);
  python.stop();
});
button('reset').addEventListener('click', () => {
  delete drafts[chosen];
  editor.text = SITE.programs.find((each) => each.name === chosen)?.text ?? '';
});
button('share').addEventListener('click', async () => {
  history.replaceState(null, '', await toFragment(editor.text));
  const where = 'The program is in this page’s address, behind the #, and nowhere else.';
  await navigator.clipboard?.writeText(location.href).then(() => say(`Link copied. ${where}`), () => say(`${where} Copy it from there.`));
});
addEventListener('hashchange', openFragment);
openFragment().then((isThere) => { if (!isThere) choose(chosen); });

/** Lets the page open without a network from now on, where the browser and the host allow it. */
function keepForLater() {
  if (globalThis.isSecureContext) navigator.serviceWorker?.register('sw.js').catch(() => {});
}
