// How much does this page, or a worker of it, hand to the network? Counts the bodies, by any of the ways that scripts have.

let sent = 0;
let tell = (/** @type {number} */ _) => {};

const count = (/** @type {any} */ body) => {
  if (body == null) return;
  sent += typeof body === 'string' ? new TextEncoder().encode(body).length : body.byteLength ?? body.size ?? `${body}`.length;
  tell(sent);
};

for (const [holder, name, bodyOf] of /** @type {[any, string, (values: any[]) => any][]} */ ([
  [globalThis, 'fetch', ([, options]) => options?.body],
  [globalThis.XMLHttpRequest?.prototype, 'send', ([body]) => body],
  [globalThis.navigator, 'sendBeacon', ([, body]) => body],
  [globalThis.WebSocket?.prototype, 'send', ([body]) => body],
])) {
  const original = holder?.[name];
  if (!original) continue;
  holder[name] = function counted(/** @type {any[]} */ ...values) {
    count(bodyOf(values));
    return original.apply(this, values);
  };
}

/** How many bytes were counted so far. */
export const bytesSent = () => sent;

/** Calls `listener` with all bytes, whenever some more are sent. @param {(sent: number) => void} listener */
export const onSent = (listener) => { tell = listener; };
