// What is looked at? A picture that was chosen, dropped or pasted, or what the camera sees: shown in a square, and handed over. It
// knows no model.

import { Camera } from './camera.js';
import { byId } from './dom.js';
import { pictureOf } from './pixels.js';

/** @typedef {{ onPicture: (picture: ImageBitmap, isLive: boolean) => void, onError: (message: string) => void, facing?: 'user' | 'environment' }} Heard */

/** @param {string} name of the section with `-view`, `-camera` and `-try` @param {Heard} heard @returns {Camera} */
export function openEye(name, { onPicture, onError, facing }) {
  const view = /** @type {HTMLCanvasElement} */ (byId(`${name}-view`));
  const picker = /** @type {HTMLInputElement} */ (byId(`${name}-try`));
  const button = byId(`${name}-camera`);
  const show = (/** @type {ImageBitmap} */ picture, /** @type {boolean} */ isLive) => {
    const { width, height } = picture;
    const side = Math.min(width, height);
    view.getContext('2d')?.drawImage(picture, (width - side) / 2, (height - side) / 2, side, side, 0, 0, view.width, view.height);
    view.classList.add('filled');
    onPicture(picture, isLive);
  };
  const camera = new Camera({
    onFrame: (picture) => show(picture, true),
    onChange: (isOn) => {
      button.textContent = isOn ? 'Stop the camera' : 'Use the camera';
      button.setAttribute('aria-pressed', `${isOn}`);
      view.classList.toggle('mirror', isOn && camera.isMirror);
    },
    onError: (message) => onError(`${message}. Allow it beside the page's address, or choose picture files.`),
  }, facing);
  button.addEventListener('click', () => (camera.isOn ? camera.stop() : camera.start()));

  const take = async (/** @type {any} */ source) => {
    try {
      const picture = await pictureOf(source);
      camera.stop();
      show(picture, false);
      picture.close();
    } catch (error) {
      onError(/** @type {Error} */ (error).message);
    }
  };
  picker.addEventListener('change', async () => {
    if (picker.files?.length) await take(picker.files);
    picker.value = '';
  });
  document.addEventListener('paste', ({ clipboardData }) => {
    if (clipboardData?.files.length) void take(clipboardData.files);
  });
  // A picture that misses its place would be opened instead of the page.
  for (const kind of ['dragover', 'drop']) document.addEventListener(kind, (event) => event.preventDefault());
  const place = /** @type {HTMLElement} */ (view.closest('.drop'));
  for (const kind of ['dragover', 'dragleave', 'drop']) {
    place.addEventListener(kind, (event) => {
      place.classList.toggle('over', kind === 'dragover');
      if (kind === 'drop') void take(/** @type {DragEvent} */ (event).dataTransfer);
    });
  }
  return camera;
}
