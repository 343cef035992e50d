// Keeps the site for visits without a network: all that the manifest lists, and what a page asks for besides.
const CACHE = 'site';

addEventListener('install', (event) => event.waitUntil((async () => {
  const cache = await caches.open(CACHE);
  const manifest = await (await fetch('site/fanlight.json', { cache: 'no-cache' })).json();
  const files = Object.keys(manifest.files).map((name) => `site/${name}`);
  await cache.addAll(['./', 'main.js', 'flowers.js', 'site/fanlight.json', ...files]);
  await self.skipWaiting();
})()));

addEventListener('activate', (event) => event.waitUntil(self.clients.claim()));

// Names with a hash never change and come from the cache; all else is asked for first, so that a new deploy is seen.
addEventListener('fetch', (event) => event.respondWith((async () => {
  const cache = await caches.open(CACHE);
  const kept = await cache.match(event.request, { ignoreVary: true });
  if (kept && /\.[0-9a-f]{8,12}\.[a-z.]+$/.test(event.request.url)) return kept;
  try {
    return await fetch(event.request);
  } catch (error) {
    if (kept) return kept;
    throw error;
  }
})()));
