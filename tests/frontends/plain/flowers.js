// What every project here does with the model: predicts, trains, tests itself, and says what came out.

// Two of each species: length and width of sepal and petal, in centimetres.
export const flower = [
  [5.1, 3.5, 1.4, 0.2], [4.9, 3.0, 1.4, 0.2], [7.0, 3.2, 4.7, 1.4], [6.4, 3.2, 4.5, 1.5], [6.3, 3.3, 6.0, 2.5], [5.8, 2.7, 5.1, 1.9],
];
const target = [0, 0, 1, 1, 2, 2];

/** @param {import('./site/index.js').Model} model */
export async function learn(model) {
  const { species: before } = await model.predict({ flower });
  const { loss } = await model.fit({ flower }, target, { epochs: 30 });
  const { species: after } = await model.predict({ flower });
  const { passed } = await model.selfTest();
  const { notes, thread, threads } = model.diagnostics();
  return { before: [...before], loss, after: [...after], passed, notes, thread, threads };
}
