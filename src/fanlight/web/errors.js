// Which errors does the runtime raise? Those of the Python side, whose texts say what was expected, what was received,
// and what to do. `pack` and `unpack` carry them between threads.

/** Any error that Fanlight raises on purpose. */
export class FanlightError extends Error {
  // Class names may be shortened by a bundler; this is not.
  static kind = 'FanlightError';
  /** @param {string} message @param {object} [facts] */
  constructor(message, facts) {
    super(message);
    this.name = new.target.kind;
    Object.assign(this, facts);
  }
}

/** @type {Record<string, typeof FanlightError>} */
const kinds = { FanlightError };
const define = (/** @type {string} */ name) => (kinds[name] = class extends FanlightError { static kind = name; });

/** A shape is not the one that the function takes. */
export const ShapeError = define('ShapeError');
/** A dtype is not the one that the function takes. */
export const DtypeError = define('DtypeError');
/** A name (input, function, state, option) is not among those that exist. */
export const UnknownNameError = define('UnknownNameError');
/** A manifest or weights file is broken, or not what its name says. */
export const ModelFormatError = define('ModelFormatError');
/** The loss became NaN or infinite; the state is the one from before that step. */
export const NonFiniteLossError = define('NonFiniteLossError');
/** Something could not be written, read back or found in storage. */
export const StorageError = define('StorageError');
/** A file could not be read, or its bytes are not those that the manifest states. */
export const IntegrityError = define('IntegrityError');
/** The browser lacks something, or refused it. */
export const BrowserError = define('BrowserError');

/** @param {any} error what postMessage can carry of an error */
export const pack = (error) => ({ ...error, name: error.name, message: error.message });

/** @param {any} packed @returns {Error} */
export const unpack = ({ name, message, ...facts }) =>
  kinds[name] ? new kinds[name](message, facts) : Object.assign(new Error(message), { name });
