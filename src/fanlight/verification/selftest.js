// Loads the module beside a page and compares what it computes here with what its author's machine computed.
// In: its address and the options of `load`. Out: the result, and the variant that ran. The model stays as `verified`.

async ({ index, options }) => {
  if (index) globalThis.verified = await (await import(index)).load(options);
  const model = globalThis.verified ?? globalThis.fanlightPage?.model;
  const { variant, thread, notes } = model.diagnostics();
  const result = model.manifest.selftest ? await model.selfTest() : undefined;
  return { variant, thread, notes, result };
}
