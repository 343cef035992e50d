// Stands in for course.js in the one-file form, whose page trains with none of what it does.

import { BrowserError } from './errors.js';

/** @returns {never} */
export function courseOf() {
  throw new BrowserError('one file has no callbacks, no weights of samples, no sources of batches and no checkpoints: export a folder');
}
