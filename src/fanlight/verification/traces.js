// What could a page leave where others read it? Its title, address and name, cookies, hints to the network, registrations.

async () => ({
  seen: {
    title: document.title,
    address: location.href,
    'window.name': globalThis.name,
    cookies: document.cookie,
    referrer: document.referrer,
    state: JSON.stringify(history.state ?? ''),
  },
  hints: Array.from(document.querySelectorAll('link[rel~=dns-prefetch], link[rel~=preconnect], link[rel~=prefetch], link[rel~=prerender]'), ({ href }) => href),
  workers: (await navigator.serviceWorker?.getRegistrations().catch(() => []) ?? []).length, // a page from disk may have none
  kept: [
    ...(await indexedDB.databases()).map(({ name }) => `IndexedDB ${name}`),
    ...Object.keys(localStorage).map((key) => `localStorage ${key}`),
  ],
  sent: globalThis.fanlightPage?.bytesSent?.() ?? null,
})
