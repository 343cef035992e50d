// When does the camera run? From `start` until `stop`; the browser asks the visitor, who may refuse. Each frame is handed over
// and let go.

/** @typedef {{ onFrame: (picture: ImageBitmap) => void, onChange: (isOn: boolean) => void, onError: (message: string) => void }} Heard */

export class Camera {
  /** @type {import('../types.d.ts').Device<ImageBitmap> | undefined} */
  #device;
  /** @type {Promise<void> | undefined} */
  #starting;

  /** @param {Heard} heard @param {'user' | 'environment'} [facing] which one, where there are several */
  constructor(heard, facing = 'user') {
    this.heard = heard;
    this.facing = facing;
  }

  get isOn() { return !!this.#device; }

  /** Whether it looks at the visitor: so does one that does not say. */
  get isMirror() { return this.#device?.stream.getVideoTracks()[0]?.getSettings().facingMode !== 'environment'; }

  /** Once the camera runs, or was refused. */
  start() {
    this.#starting ??= this.#open().finally(() => { this.#starting = undefined; });
    return this.#starting;
  }

  async #open() {
    if (this.#device) return;
    try {
      const data = await import('../data.js'); // see pixels.js
      const device = await data.webcam({ facingMode: this.facing, width: { ideal: 640 }, height: { ideal: 480 } });
      this.#device = device;
      this.heard.onChange(true);
      void this.#follow(device);
    } catch (error) {
      this.heard.onError(capital(/** @type {Error} */ (error).message));
    }
  }

  /** @param {import('../types.d.ts').Device<ImageBitmap>} device */
  async #follow(device) {
    try {
      for await (const picture of device) {
        if (this.#device === device) this.heard.onFrame(picture);
        picture.close();
      }
    } catch (error) {
      this.heard.onError(`The camera stopped: ${/** @type {Error} */ (error).message}`);
    }
    if (this.#device === device) this.stop();
  }

  stop() {
    this.#device?.stop();
    this.#device = undefined;
    this.heard.onChange(false);
  }
}

/** @param {string} text */
const capital = (text) => text[0].toUpperCase() + text.slice(1);
