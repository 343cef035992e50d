// What happens to a photo on this page? It is chosen, looked at, and uploaded only past the veto: which here uploads nowhere.

import { bytesSent, onSent } from './sent.js';
import { Card } from './card.js';
import { Checker } from './checker.js';
import { showPolicy } from './policy.js';
import { mayUpload } from './veto.js';

const byId = (id) => /** @type {any} */ (document.getElementById(id));
const say = (text) => { byId('status').textContent = text; };
const figures = { worker: 0, asked: 0, isReady: false };
/** @type {Card[]} */
const cards = [];

function showFigures() {
  byId('sent').textContent = `${sentSoFar()}`;
  byId('asked').textContent = `${figures.asked}`;
  byId('offline').textContent = figures.isReady ? 'No' : 'To load';
}

/** What this page and its worker have handed to the network: `fanlight verify --privacy` asks for it too. */
const sentSoFar = () => bytesSent() + figures.worker;
Object.assign(globalThis, { fanlightPage: { bytesSent: sentSoFar } });

onSent(showFigures);
const onAsked = (count) => {
  if (figures.isReady) figures.asked += count;
  showFigures();
};
showPolicy(byId('policy'));
showFigures();

/** @type {Checker} */
let checker;
try {
  checker = await Checker.load({
    onProgress: ({ loaded, total }) => {
      byId('load').value = loaded / total;
      say(`Loading the networks: ${(loaded / 1e6).toFixed(1)} of ${(total / 1e6).toFixed(1)} MB …`);
    },
    onSent: (sent) => {
      figures.worker = sent;
      showFigures();
    },
    onAsked,
  });
} catch ({ message }) {
  say(`The networks could not be opened: ${message}`);
  document.documentElement.dataset.state = 'failed';
  throw new Error(message);
}
byId('load').hidden = true;
say('Ready. Photos stay on this device.');
for (const control of document.querySelectorAll('[data-needs=model]')) /** @type {any} */ (control).disabled = false;

// --- photos come in

/** @param {Iterable<Blob>} files */
function take(files) {
  const photos = [...files].filter(({ type, name = '' }) => /** @type {any} */ (type) ? type.startsWith('image/') : /\.\w+$/.test(name));
  if (!photos.length) return say('There is no photo in that.');
  byId('chosen').hidden = false;
  const added = photos.map((file) => {
    const card = new Card(/** @type {File} */ (file).name ?? 'From the clipboard');
    card.remove.addEventListener('click', () => remove(card));
    cards.push(card);
    byId('photos').append(card.row);
    return { card, file };
  });
  refresh();
  look(added);
}

/** One after the other, in the order in which they came. */
async function look(added) {
  for (const { card, file } of added) {
    if (!cards.includes(card)) continue;
    try {
      card.show(await checker.check(file));
      say(`${card.name}: ${card.answer.words}.`);
    } catch ({ message }) {
      card.fail(message);
      say(`${card.name} could not be opened: ${message}`);
    }
    refresh();
  }
  const seen = added.map(({ card }) => card).filter(({ answer }) => answer), held = seen.filter(({ answer }) => answer.isSensitive);
  if (seen.length > 1) say(`${seen.length} photos were looked at; ${held.length || 'none'} of them may be sensitive.`);
}

function remove(card) {
  cards.splice(cards.indexOf(card), 1);
  card.row.remove();
  byId('outcome').textContent = '';
  byId('chosen').hidden = !cards.length;
  say(`${card.name} is removed.`);
  (cards.length ? byId('upload') : byId('file')).focus();
  refresh();
}

function refresh() {
  const ready = cards.filter(({ answer }) => answer);
  byId('upload').disabled = !ready.length || cards.some(({ row }) => row.dataset.state === 'waiting');
  byId('upload').textContent = ready.length > 1 ? `Upload ${ready.length} photos` : 'Upload';
}

byId('file').addEventListener('change', ({ target }) => {
  take(target.files);
  target.value = '';
});
byId('paste').addEventListener('click', async () => {
  try {
    const items = await navigator.clipboard.read();
    const found = items.map((item) => [item, item.types.find((type) => type.startsWith('image/'))]).filter(([, type]) => type);
    take(await Promise.all(found.map(([item, type]) => item.getType(type))));
  } catch {
    say('The clipboard may not be read that way here: press Ctrl or ⌘ and V instead.');
  }
});
addEventListener('paste', ({ clipboardData }) => clipboardData?.files.length && take(clipboardData.files));
addEventListener('dragover', (event) => {
  event.preventDefault();
  byId('drop').classList.add('over');
});
addEventListener('dragleave', ({ relatedTarget }) => relatedTarget || byId('drop').classList.remove('over'));
addEventListener('drop', (event) => {
  event.preventDefault();
  byId('drop').classList.remove('over');
  take(event.dataTransfer.files);
});

// --- and would go out

byId('form').addEventListener('submit', async (event) => {
  event.preventDefault();
  byId('outcome').textContent = '';
  const sent = [], kept = [];
  for (const card of cards.filter(({ answer }) => answer)) {
    const goes = !card.answer.isSensitive || await mayUpload(card);
    (goes ? sent : kept).push(card);
    card.decided(goes ? 'would be uploaded' : 'kept here');
  }
  const those = (list) => `${list.length} photo${list.length === 1 ? '' : 's'}`;
  byId('outcome').textContent = `${kept.length ? `${those(kept)} kept here. ` : ''}${
    sent.length ? `${those(sent)} would be uploaded now; this form has no server, so nothing was sent.` : 'Nothing would be uploaded.'}`;
});

// Only what comes from now on is counted.
setTimeout(() => {
  figures.isReady = true;
  new PerformanceObserver((list) => onAsked(list.getEntries().length)).observe({ type: 'resource', buffered: false });
  showFigures();
  document.documentElement.dataset.state = 'ready';
});
