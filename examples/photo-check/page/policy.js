// What may this page do? Its own Content-Security-Policy, directive by directive, in plain words.

import { element } from './card.js';

const WORDS = {
  'default-src': 'What is not named here is closed: frames, fonts, video, plugins.',
  'script-src': 'Only code from the page\'s own files runs, and the WebAssembly of its network; nothing written into the page, no text made into code.',
  'style-src': 'Only its own style sheet.',
  'img-src': 'Pictures from its own host, or made in the page; none from elsewhere, whose address could carry something there.',
  'connect-src': 'It can talk to its own host only; to no other server, tracker or advertiser. That it sends nothing to its own host either is what the counters above and the checks beside this show.',
  'worker-src': 'Its workers run its own code, under the same rules.',
  'base-uri': 'Nobody can bend its addresses to another host.',
  'form-action': 'No form of this page can send anything, not even to its own host.',
};

/** Lists the policy of this document. @param {HTMLElement} list */
export function showPolicy(list) {
  const meta = /** @type {HTMLMetaElement | null} */ (document.querySelector('meta[http-equiv="Content-Security-Policy"]'));
  if (!meta) return list.replaceChildren(element('dd', {}, 'This copy of the page carries none: do not trust it.'));
  list.replaceChildren(...meta.content.split(';').map((each) => each.trim()).filter(Boolean).map((directive) => element('div', {},
    element('dt', {}, element('code', {}, directive)), element('dd', {}, WORDS[directive.split(' ')[0]] ?? 'A rule that this page has no words for.'))));
}
