// How does the one-file form begin? Its style, worker and page lie in it compressed, in script elements that no browser runs:
// this classic script unpacks them and runs the page from a blob. See bundle/onefile.py.

(async () => {
  /** @param {string} kind */
  const text = async (kind) => {
    const element = /** @type {HTMLElement} */ (document.querySelector(`script[data-${kind}]`));
    const bytes = Uint8Array.from(atob(element.textContent ?? ''), (letter) => letter.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('gzip'));
    return (element.textContent = await new Response(stream).text());
  };
  try {
    const style = new CSSStyleSheet();
    style.replaceSync(await text('style'));
    document.adoptedStyleSheets = [style];
    await text('worker');
    const page = document.createElement('script');
    page.src = URL.createObjectURL(new Blob([await text('page')], { type: 'text/javascript' }));
    document.head.append(page);
  } catch (error) {
    const status = /** @type {HTMLElement} */ (document.getElementById('status'));
    status.textContent = `This browser cannot open the page: ${/** @type {Error} */ (error).message}. A current Chromium, Firefox or Safari can.`;
  }
})();
