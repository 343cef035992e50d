// Is this photo really to go? A dialog shows it blurred, says why it asks, and takes an answer: no, unless it is given.

const dialog = /** @type {HTMLDialogElement} */ (document.getElementById('veto'));
const byId = (id) => document.getElementById(`veto-${id}`);
const COARSE = 22; // points across: what is blurred cannot be made sharp again

for (const answer of ['no', 'yes']) byId(answer).addEventListener('click', () => dialog.close(answer));

/** Whether to upload it all the same. Escape means no. @param {{ name: string, answer: any }} card @returns {Promise<boolean>} */
export function mayUpload({ name, answer: { words, reasons, picture } }) {
  byId('title').textContent = words;
  byId('why').textContent = `${name}: ${reasons.join(' ')} It would leave your device, and you could not take it back.`;
  const canvas = /** @type {HTMLCanvasElement} */ (byId('picture'));
  Object.assign(canvas, { width: COARSE, height: Math.max(1, Math.round(COARSE * picture.height / picture.width)) });
  canvas.getContext('2d').drawImage(picture, 0, 0, canvas.width, canvas.height);
  dialog.returnValue = 'no';
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener('close', () => resolve(dialog.returnValue === 'yes'), { once: true });
  });
}
