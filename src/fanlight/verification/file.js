// A file of the page's model with a note in it, as a visitor might have one. In: the note. Out: the file in base64.

async (note) => {
  const file = new Uint8Array(await globalThis.fanlightPage.model.save('buffer', { metadata: { note } }));
  return btoa(Array.from(file, (byte) => String.fromCharCode(byte)).join(''));
}
