// The worker's side: messages in, a session's answers out. The page's side is in hosts.js.

import { pack } from './errors.js';
import { Session } from './session.js';
import { training } from './train.js';

// Logs of quick steps travel together, one message a frame.
const session = new Session(training, 16);
/** What the page can still say of a request. @type {Map<number, (isStop: boolean) => void>} */
const open = new Map();

onmessage = async ({ data: { id, method, args, isStop } }) => {
  if (!method) return open.get(id)?.(isStop);
  const abort = new AbortController();
  let heard = () => {};
  open.set(id, (stop) => (stop ? abort.abort() : heard()));
  try {
    const value = await session.submit(method, args, (event, data) => {
      postMessage({ id, event, value: data });
      // Places are waited for, such as the end of an epoch: the page may save, or end the training.
      return event === 'place' ? new Promise((resolve) => { heard = () => resolve(undefined); }) : undefined;
    }, abort.signal);
    const buffers = Object.values(value ?? {}).flatMap((array) => array.buffer ?? []);
    postMessage({ id, value }, { transfer: buffers });
  } catch (error) {
    postMessage({ id, error: pack(error) });
  }
  return open.delete(id);
};
postMessage(0);
