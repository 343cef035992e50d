// Stands in for pictures.js in the one-file form, whose page has a model that sees none.

import { BrowserError } from './errors.js';

/** @returns {never} */
export function readPicture() {
  throw new BrowserError('this file was written for a model that sees no pictures: export a folder to pass some');
}
