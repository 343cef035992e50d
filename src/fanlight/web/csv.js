// What does a CSV file hold? Rows by column, with types that are found out: numbers, yes or no, categories. RFC 4180, with any
// separator, a byte order mark, and quoted fields over several lines. Knows no model.

import { ModelFormatError, UnknownNameError } from './errors.js';

const EMPTY = /^(|na|n\/a|nan|null|none|\?)$/i;
const YES = /^(true|yes)$/i, NO = /^(false|no)$/i;

/** The fields of each line, and where it begins. @param {string} text @param {string} separator @param {string} at @returns {{ line: number, fields: string[] }[]} */
function split(text, separator, at) {
  /** @type {{ line: number, fields: string[] }[]} */
  const rows = [];
  let fields = /** @type {string[]} */ ([]), field = '', line = 1, began = 1, isQuoted = false;
  const end = () => {
    fields.push(field);
    if (fields.length > 1 || field !== '') rows.push({ line: began, fields });
    [fields, field] = [[], ''];
  };
  for (let i = 0; i < text.length; i++) {
    const letter = text[i];
    if (letter === '\n') line++;
    if (isQuoted) {
      if (letter !== '"') field += letter;
      else if (text[i + 1] === '"') field += text[++i];
      else isQuoted = false;
    } else if (letter === '"' && !field.trim()) [field, isQuoted] = ['', true];
    else if (letter === separator) {
      fields.push(field);
      field = '';
    } else if (letter === '\n') {
      end();
      began = line;
    } else if (letter !== '\r' || text[i + 1] !== '\n') field += letter;
  }
  if (isQuoted) throw new ModelFormatError(`${at}: the quote in the row of line ${began} never ends`);
  end();
  return rows;
}

/** The one that the first line has most of, outside quotes. @param {string} text */
function separatorOf(text) {
  const [first] = text.split('"').filter((_, i) => i % 2 === 0).join('').split('\n', 1);
  const counts = [',', ';', '\t', '|'].map((each) => ({ each, count: first.split(each).length }));
  return counts.reduce((a, b) => (b.count > a.count ? b : a)).each;
}

/** Rows as a model with fl.Table takes them, and what they are to give.
 * @param {string | Blob} source @param {import('./types.d.ts').CSVOptions} [options] @returns {Promise<import('./types.d.ts').Table>} */
export async function csv(source, { target, columns: wanted, separator, missing = 'refuse', ...unknown } = {}) {
  if (Object.keys(unknown).length || !/^(refuse|drop|mean)$/.test(missing)) throw new UnknownNameError(`csv expects { target, columns, separator, missing: 'refuse', 'drop' or 'mean' }, got ${JSON.stringify({ missing, ...unknown })}`);
  const at = typeof source === 'string' ? 'the text' : `"${/** @type {File} */ (source).name ?? 'the file'}"`;
  const text = (typeof source === 'string' ? source : await source.text()).replace(/^\ufeff/, '').replace(/\r\n?/g, '\n');
  const [head, ...lines] = split(text, separator ?? separatorOf(text), at);
  if (!lines.length) throw new ModelFormatError(`${at}: expected a line of names and at least one row, got ${head ? 'no row' : 'nothing'}`);
  const names = head.fields.map((name) => name.trim());
  const twice = names.find((name, k) => names.indexOf(name) !== k);
  if (twice !== undefined) throw new ModelFormatError(`${at}: expected different names of columns, got "${twice}" twice`);
  for (const { line, fields } of lines) {
    if (fields.length !== names.length) throw new ModelFormatError(`${at}: expected ${names.length} fields in line ${line}, got ${fields.length}`);
  }
  const columns = wanted ?? names.filter((name) => name !== target);
  for (const name of [...columns, ...(target === undefined ? [] : [target])]) {
    if (!names.includes(name)) throw new UnknownNameError(`${at}: expected a column "${name}", got ${names.join(', ')}`);
  }

  /** @type {import('./types.d.ts').Table['types']} */
  const types = {};
  /** @type {Record<string, string[]>} */
  const categories = {};
  /** @type {Record<string, (number | boolean | string | null)[]>} */
  const values = {};
  for (const name of [...columns, ...(target === undefined ? [] : [target])]) {
    const cells = lines.map(({ fields }) => fields[names.indexOf(name)].trim());
    const known = cells.filter((cell) => !EMPTY.test(cell));
    const is = (/** @type {(cell: string) => boolean} */ test) => known.length > 0 && known.every(test);
    types[name] = is((cell) => Number.isFinite(Number(cell))) ? 'number' : is((cell) => YES.test(cell) || NO.test(cell)) ? 'boolean' : 'category';
    const read = { number: Number, boolean: (/** @type {string} */ cell) => YES.test(cell), category: (/** @type {string} */ cell) => cell }[types[name]];
    values[name] = cells.map((cell) => (EMPTY.test(cell) ? null : read(cell)));
    if (types[name] === 'category') categories[name] = [...new Set(known)].sort();
    if (missing === 'mean' && types[name] === 'number' && name !== target) {
      const numbers = known.map(Number), mean = numbers.reduce((a, b) => a + b, 0) / numbers.length;
      values[name] = values[name].map((value) => value ?? mean);
    }
  }
  const isWhole = (/** @type {number} */ i) => Object.values(values).every((column) => column[i] !== null);
  const kept = lines.map((_, i) => i).filter((i) => missing !== 'drop' || isWhole(i));
  const lacking = kept.find((i) => !isWhole(i));
  if (lacking !== undefined) {
    const name = Object.keys(values).find((each) => values[each][lacking] === null);
    throw new ModelFormatError(`${at}: line ${lines[lacking].line} has no value for "${name}", and ${kept.filter((i) => !isWhole(i)).length - 1} more lack one; pass missing: 'drop', or 'mean' for numbers`);
  }
  const rows = kept.map((i) => Object.fromEntries(columns.map((name) => [name, /** @type {any} */ (values[name][i])])));
  const numbers = Float32Array.from(rows.flatMap((row) => columns.map((name) => (types[name] === 'category' ? categories[name].indexOf(row[name]) : Number(row[name])))));
  return {
    columns: [...columns], types, categories, rows, numbers: { data: numbers, shape: [rows.length, columns.length] },
    targets: target === undefined ? [] : kept.map((i) => /** @type {any} */ (values[target][i])),
    dropped: lines.length - kept.length,
  };
}
