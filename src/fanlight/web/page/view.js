// How is the shipped data shown? Starts the part that fits, as the manifest names it: answers beside pictures (grid), regions
// of a table's classes, or a curve through points.

const VIEWS = {
  grid: () => import('./grid.js'),
  regions: () => import('./regions.js'),
  curve: () => import('./curve.js'),
};

/** @param {import('./app.js').App} app @param {HTMLElement} place */
export async function showView(app, place) {
  const { view } = app.page;
  if (view) await (await VIEWS[view]()).start(app, place);
}
