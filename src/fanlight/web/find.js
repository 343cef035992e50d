// Where is a model that is not beside the runtime? In another folder, or in files that are at hand.

import { readManifest } from './loader.js';

/** The manifest, and where the files are that it names.
 * @param {any} where @param {AbortSignal} [signal] @returns {Promise<{ manifest: import('./types.d.ts').Manifest, locate: (name: string) => any }>} */
export async function find(where, signal) {
  if (where?.manifest) return { manifest: where.manifest, locate: (name) => where.files[name]?.href ?? where.files[name] };
  const { document, location, process } = /** @type {any} */ (globalThis);
  const path = String(where).replace(/\/?(?<!\.json)$/, '/fanlight.json');
  const { href } = new URL(path, document?.baseURI ?? location?.href ?? `file://${process?.cwd()}/`);
  return { manifest: await readManifest(href, signal), locate: (name) => new URL(name, href).href };
}
