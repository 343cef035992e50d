// The worker's side: messages in, a session's answers out. The page's side is in hosts.js.

import { pack } from './errors.js';
import { Session } from './session.js';
import { evaluateLoop, fitLoop } from './train.js';

// Logs of quick steps travel together, one message a frame.
const session = new Session((method, ...job) => (method === 'fit' ? fitLoop : evaluateLoop)(...job), 16);
/** What the page can still say of a request. @type {Map<number, (isStop: boolean) => void>} */
const open = new Map();

onmessage = async ({ data: { id, method, args, isStop } }) => {
  if (!method) return open.get(id)?.(isStop);
  const abort = new AbortController();
  let heard = () => {};
  open.set(id, (stop) => {
    if (stop) abort.abort();
    heard();
  });
  try {
    const value = await session.submit(method, args, (event, data) => {
      postMessage({ id, event, value: data });
      // The end of an epoch is waited for: the page may save, or end the training.
      return event === 'epoch' ? new Promise((resolve) => { heard = () => resolve(undefined); }) : undefined;
    }, abort.signal);
    const buffers = Object.values(value ?? {}).flatMap((array) => array.buffer ?? []);
    postMessage({ id, value }, { transfer: buffers });
  } catch (error) {
    postMessage({ id, error: pack(error) });
  }
  return open.delete(id);
};
postMessage(0);
