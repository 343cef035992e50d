// How does a page get its hands? A button for the camera or a file of one's own, a small mirror with what is seen, and words for
// what goes wrong.

import { draw } from './draw.js';
import { Hands } from './hands.js';

const byId = (id) => document.getElementById(id);
const say = (text) => { byId('status').textContent = text; };

/** The model of this page, once `open` has it; its errors are told on the page. @returns {Promise<Hands>} */
export async function open() {
  try {
    const hands = await Hands.load({ onProgress: ({ loaded, total }) => {
      byId('load').value = loaded / total;
      say(`Loading the model: ${(loaded / 1e6).toFixed(1)} of ${(total / 1e6).toFixed(1)} MB …`);
    } });
    byId('load').hidden = true;
    say('Ready. Nothing leaves this device: frames go to a worker of this page, and are forgotten there.');
    for (const control of document.querySelectorAll('[data-needs=model]')) control.disabled = false;
    serve(hands);
    document.documentElement.dataset.state = 'ready';
    return hands;
  } catch ({ message }) {
    say(`The model could not be opened: ${message}`);
    document.documentElement.dataset.state = 'failed';
    throw new Error(message);
  }
}

/** @param {Hands} hands */
function serve(hands) {
  const video = byId('video'), overlay = byId('overlay'), button = byId('camera');
  const times = [];
  let stream;
  const end = () => {
    stream?.getTracks().forEach((track) => track.stop());
    stream = video.srcObject = undefined;
    hands.stop();
    button.textContent = 'Switch the camera on';
    button.setAttribute('aria-pressed', 'false');
  };
  const begin = async () => {
    byId('mirror').dataset.state = 'on';
    await video.play();
    await hands.start(video);
  };
  button.addEventListener('click', async () => {
    if (stream) return end();
    try {
      if (!navigator.mediaDevices) throw new Error('the page has to come over https, or from this machine');
      stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: 'user', width: 640, height: 480 } });
      video.srcObject = stream;
      button.textContent = 'Switch the camera off';
      button.setAttribute('aria-pressed', 'true');
      await begin();
    } catch ({ name, message }) {
      end();
      say(name === 'NotAllowedError' ? 'The camera was refused: allow it beside the address of this page, or open a file.' : `The camera cannot be used: ${message}.`);
    }
  });
  byId('file').addEventListener('change', async ({ target: { files: [file] } }) => {
    if (!file) return;
    end();
    try {
      if (file.type.startsWith('video/')) {
        Object.assign(video, { src: URL.createObjectURL(file), loop: true });
        await begin();
      } else await look(await createImageBitmap(file));
    } catch ({ message }) {
      say(`"${file.name}" cannot be shown: ${message}`);
    }
  });
  const look = async (picture) => {
    byId('mirror').dataset.state = 'on';
    const seen = await hands.detect(picture);
    draw(overlay, seen, { picture, width: picture.width, height: picture.height, mirror: hands.mirror });
    const found = seen.hands.map(({ label }) => label).join(', ') || 'no hand';
    say(`In this picture: ${found} (${seen.milliseconds.toFixed(0)} ms, on this device).`);
  };
  hands.on('hands', ({ milliseconds, ...seen }) => {
    draw(overlay, seen, { picture: video, width: video.videoWidth, height: video.videoHeight, mirror: hands.mirror });
    times.push([performance.now(), milliseconds]);
    while (times.length > 30) times.shift();
    const [[from]] = times, [[to]] = times.slice(-1);
    const middle = times.map(([, each]) => each).sort((a, b) => a - b)[times.length >> 1];
    byId('figures').textContent = times.length > 2 ? `${(1000 * (times.length - 1) / (to - from)).toFixed(0)} frames a second, ${middle.toFixed(0)} ms each` : '';
  });
}
