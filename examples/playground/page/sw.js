// How does the playground open without a network? Its files are kept by the browser, in a cache of this version: the large ones
// were put there when Python read them, the others when this is installed. Asks no other origin for anything.

/* global FILES, VERSION */

self.addEventListener('install', (event) => {
  event.waitUntil(caches.open(VERSION).then(async (cache) => {
    const there = new Set((await cache.keys()).map(({ url }) => url));
    const missing = FILES.map((name) => new URL(name, self.registration.scope).href).filter((url) => !there.has(url));
    await cache.addAll(missing);
    await self.skipWaiting();
  }));
});

self.addEventListener('activate', (event) => {
  const drop = (names) => Promise.all(names.filter((name) => name.startsWith('playground-') && name !== VERSION).map((name) => caches.delete(name)));
  event.waitUntil(caches.keys().then(drop).then(() => self.clients.claim()));
});

self.addEventListener('fetch', (event) => {
  const { request } = event;
  if (request.method !== 'GET' || !request.url.startsWith(self.registration.scope)) return;
  const page = request.mode === 'navigate' ? new URL('./', self.registration.scope).href : request.url;
  const keptFile = () => caches.open(VERSION).then((cache) => cache.match(page, { ignoreSearch: true }));
  // A page that was deployed anew is asked for first; its files carry their version in their names or in the cache's.
  if (request.mode === 'navigate') event.respondWith(fetch(request).catch(async () => (await keptFile()) ?? Response.error()));
  else event.respondWith(keptFile().then((found) => found ?? fetch(request)));
});
