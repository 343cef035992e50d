// Shows a picture to the model of a page. In: its size and its pixels, red, green, blue and alpha, in base64.

async ({ width, height, bytes }) => {
  const model = globalThis.fanlightPage?.model ?? globalThis.verified;
  const pixels = Uint8ClampedArray.from(atob(bytes), (letter) => letter.charCodeAt(0));
  await model.predict({ [model.manifest.functions.predict.inputs[0].name]: new ImageData(pixels, width, height) });
}
