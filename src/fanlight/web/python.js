// How does a browser's Python reach the runtime? engines/runtime.py makes a global object with the worker's text, and runs this
// with all that it imports, as a classic script: what Python calls is then in that object.

import { load } from './index.js';

/** @type {any} */ (globalThis).fanlightRuntime.load = load;
