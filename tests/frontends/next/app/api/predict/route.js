import { flower } from '../../flowers.js';
import { load } from '../../site/index.js';

let model;

export async function GET() {
  model ??= load();
  const { species } = await (await model).predict({ flower });
  return Response.json([...species]);
}
