// Who computes one function soonest? Fanlight's code, bare and through its runtime, and each peer that can do it, on the
// same inputs and weights, in one page. Outputs are compared before anything is timed.

import { callsIn, difference, interleave, loadPeak, median, openBare } from '../measure.js';

const TYPES = { float32: Float32Array, uint8: Uint8Array };
const read = async (file, dtype) => new TYPES[dtype](await (await fetch(file)).arrayBuffer());

/** Inputs and weights: `{ name, array, shape }` each. */
const arraysOf = (described) => Promise.all(described.map(async ({ name, shape, file, dtype }) => ({ name, shape, dtype, array: await read(file, dtype) })));

/** Fanlight's two forms of a function: bare where one thread is enough, and through the runtime. */
async function fanlight({ site: place, function: name, output, sizes }, inputs, threads) {
  const site = new URL(`../${place}`, import.meta.url);
  const { load } = await import(new URL('index.js', site));
  const model = await load(site.href, { threads });
  const found = {};
  if (threads === 1) {
    const { run, inputs: places, outputs } = (await openBare(site, model, sizes)).functionOf(name);
    const lengths = Object.values(sizes);
    // The plan may reuse an input's memory, so it is written before each call: a copy that the peers' tensors are spared.
    const write = () => inputs.forEach(({ name: label, array }) => places[label].set(array));
    found['Fanlight, function'] = { run: () => (write(), run(...lengths), outputs[output].slice()) };
    found.copies = { run: () => (write(), outputs[output].slice()) };
  }
  const arrays = Object.fromEntries(inputs.map(({ name: label, array }) => [label, array]));
  found['Fanlight, runtime'] = { run: async () => (await model.call(name, arrays))[output] };
  return { found, variant: model.diagnostics().variant };
}

/** One function: `job` says which, `builders` how each peer computes it. Gives the milliseconds of each contender. */
export async function contest(job, builders, { rounds, slice, threads = 1 }) {
  const [inputs, last, weights] = await Promise.all([job.inputs, job.last, job.weights].map(arraysOf));
  const { found: contenders, variant } = await fanlight(job, inputs, threads);
  const unable = {};
  const attempt = async (name, open) => {
    try {
      contenders[name] = await open();
    } catch (error) {
      unable[name] = String(error?.message ?? error).split('\n')[0];
    }
  };
  if (job.onnx) await attempt('ONNX Runtime Web', async () => (await import('../contenders/onnx.js')).contender(job.onnx, inputs, threads));
  if (job.tflite) await attempt('LiteRT.js', async () => (await import('../contenders/litert.js')).contender(job.tflite, last, threads, job.step));
  if (builders.jax && !job.beside) await attempt('jax-js, wasm', async () => (await import('../contenders/jax.js')).contender((jax) => builders.jax(jax, weights, job), last, threads));
  if (builders.tensorflow && job.backends.length) {
    const { contenders: open } = await import('../contenders/tensorflow.js');
    const more = await open(threads > 1 ? ['wasm'] : job.backends, (tf) => builders.tensorflow(tf, weights, job), last);
    Object.assign(contenders, more.found);
    Object.assign(unable, more.unable);
  }
  const expected = await contenders['Fanlight, runtime'].run();
  const errors = {};
  for (const [name, { run, before }] of Object.entries(contenders)) {
    if (name === 'copies') continue;
    await before?.();
    errors[name] = difference(await run(), expected);
    if (!(errors[name] < job.tolerance)) throw new Error(`${job.name}: the output of ${name} differs by ${errors[name]}`);
  }
  if (job.beside) contenders[job.beside.name] = (await fanlight(job.beside, inputs, threads)).found['Fanlight, function'];
  const peak = await loadPeak();
  contenders.peak = peak;
  for (const contender of Object.values(contenders)) {
    await contender.before?.();
    contender.calls = await callsIn(contender.run, slice, 4 * slice);
  }
  const times = await interleave(contenders, rounds);
  const milliseconds = Object.fromEntries(Object.entries(times).map(([name, values]) => [name, median(values)]));
  return { name: job.name, variant, errors, unable, times, milliseconds, peak: peak.gflops(milliseconds.peak), threads };
}

/** All jobs of `jobs.json`, one after the other. */
export async function contests(builders, settings) {
  const jobs = await (await fetch('jobs.json')).json();
  const results = [];
  for (const job of jobs) results.push(await contest(job, builders, settings));
  return { jobs: results };
}
