// A page with one button: it loads the model, and learns when it is pressed.
import { learn } from './flowers.js';
import { load } from './site/index.js';

const button = document.querySelector('button');
const model = await load();
button.disabled = false;
button.onclick = async () => {
  document.querySelector('output').textContent = JSON.stringify(await learn(model));
};
