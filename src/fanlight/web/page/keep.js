// How does what was learnt outlive this page? Saved in the browser, downloaded as a file and brought back from either, with
// the names and drawings of the signs that the visitor invented.

import { isOneFile } from './figures.js';
import { byId, bytes } from './dom.js';

/** @typedef {import('./app.js').App} App */
/** What stands beside the weights. @typedef {Record<string, string>} Metadata */

/** @param {App} app */
export async function start(app) {
  const { model } = app;
  const slot = `indexeddb://${model.name}`;
  const button = (/** @type {string} */ name) => /** @type {HTMLButtonElement} */ (byId(`keep-${name}`));
  const section = byId('keep');
  const say = (/** @type {string} */ text) => { byId('keep-status').textContent = text; };
  /** @param {string} verb @param {() => Promise<string>} work */
  const attempt = (verb, work) => async () => {
    if (app.busy) return say('It is learning. Wait for it, or stop it, and try again.');
    try {
      say(await app.alone(work));
      section.dataset.state = 'done';
    } catch (error) {
      section.dataset.state = 'failed';
      say(`It could not be ${verb}: ${/** @type {Error} */ (error).message}`);
    }
  };
  const metadata = () => ({ invented: JSON.stringify(app.invented), ...(app.names ? { names: JSON.stringify(app.names) } : {}) });
  const showSaved = (/** @type {Metadata | undefined} */ saved) => {
    button('restore').disabled = !saved;
    if (saved) byId('keep-saved').textContent = `Saved ${when(saved)}.`;
  };
  const bringBack = async (/** @type {string | Blob} */ source) => {
    const saved = await model.restore(source);
    if (app.names) app.names = listIn(saved.names, (name) => typeof name === 'string', app.names.length) ?? app.names;
    await app.invent(inventedIn(app, saved));
    app.tell('restored');
    app.tell('weights');
    byId('offer').hidden = true;
    return saved;
  };
  const restore = attempt('restored', async () => `Restored what was saved ${when(await bringBack(slot))}.`);

  button('save').addEventListener('click', attempt('saved', async () => {
    await model.save(slot, { metadata: metadata() });
    showSaved(await model.saved(slot));
    return 'Saved in this browser. Reload the page: it will offer it again.';
  }));
  button('restore').addEventListener('click', restore);
  byId('offer-restore').addEventListener('click', restore);
  byId('offer-dismiss').addEventListener('click', () => { byId('offer').hidden = true; });
  button('download').addEventListener('click', attempt('downloaded', async () => {
    const file = await model.save('buffer', { metadata: metadata() });
    const address = URL.createObjectURL(new Blob([file], { type: 'application/octet-stream' }));
    const link = document.createElement('a');
    Object.assign(link, { href: address, download: 'learnt.safetensors' }).click();
    setTimeout(() => URL.revokeObjectURL(address), 60_000); // the browser reads it after the click
    return `learnt.safetensors has ${bytes(file.byteLength)}: the weights${app.invented.length ? ', and the names and drawings of your signs' : ''}.`;
  }));

  const open = (/** @type {File | undefined} */ file) => file && attempt('opened', async () => {
    await bringBack(file);
    return `Restored from ${file.name}.`;
  })();
  const picker = /** @type {HTMLInputElement} */ (byId('keep-open'));
  picker.addEventListener('change', async () => {
    await open(picker.files?.[0]);
    picker.value = '';
  });
  const drop = byId('keep-drop');
  const over = (/** @type {boolean} */ isOver) => (/** @type {DragEvent} */ event) => {
    event.preventDefault();
    drop.classList.toggle('over', isOver);
  };
  drop.addEventListener('dragover', over(true));
  drop.addEventListener('dragleave', over(false));
  drop.addEventListener('drop', (event) => {
    over(false)(event);
    open(event.dataTransfer?.files[0]);
  });

  button('copy').addEventListener('click', async () => {
    const line = byId('keep-line');
    try {
      await navigator.clipboard.writeText(line.textContent ?? '');
      say('Copied.');
    } catch {
      // Without https there is no clipboard: leave the line selected.
      getSelection()?.selectAllChildren(line);
      say('Selected. Copy it with Ctrl+C or Cmd+C.');
    }
  });
  showOneFile(app);

  const saved = await model.saved(slot).catch(() => undefined);
  showSaved(saved);
  if (saved) {
    byId('offer-text').textContent = `You saved a network here ${when(saved)}.`;
    byId('offer').hidden = false;
  }
}

/** @param {Metadata} saved */
const when = ({ saved }) => (saved ? `on ${new Date(saved).toLocaleString('en', { dateStyle: 'long', timeStyle: 'short' })}` : 'earlier');

/** The signs that a file names. @param {App} app @param {Metadata} saved @returns {import('./app.js').Invented[]} */
const inventedIn = (app, saved) => (listIn(saved.invented, (sign) =>
  typeof sign?.name === 'string' && Array.isArray(sign.drawings) && sign.drawings.flat().every(Number.isFinite)) ?? []).slice(0, app.spare);

/** A list in a file, which may come from anywhere. @param {string | undefined} text @param {(item: any) => boolean} isItem @param {number} [length] @returns {any[] | undefined} */
function listIn(text, isItem, length) {
  try {
    const found = JSON.parse(text ?? '[]');
    return Array.isArray(found) && found.every(isItem) && found.length === (length ?? found.length) ? found : undefined;
  } catch {
    return undefined;
  }
}

/** @param {App} app */
function showOneFile({ page: { onefile }, model: { manifest, name } }) {
  const text = byId('keep-onefile-text');
  byId('keep-onefile').hidden = !(isOneFile() || onefile);
  if (isOneFile()) {
    text.textContent = 'This page is one HTML file: code, network and examples are all in it. Keep it, mail it, open it without a network. It goes on learning.';
  } else if (onefile) {
    const link = /** @type {HTMLAnchorElement} */ (byId('keep-onefile-link'));
    const size = manifest.files[onefile]?.bytes;
    text.textContent = `The whole page as one HTML file${size ? ` of ${bytes(size)}` : ''}: it opens with a double click, works without a network, and goes on learning.`;
    Object.assign(link, { href: onefile, download: `${name}.html`, hidden: false });
  }
}
