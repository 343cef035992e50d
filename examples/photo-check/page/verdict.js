// What do the numbers of both heads mean, in words? Knows no page.

/** The filter's classes in plain words, in its order. */
export const KINDS = ['Drawing', 'Explicit drawing', 'Everyday', 'Explicit', 'Suggestive'];
const INTIMATE = [1, 3, 4];
/** From here on a photo is held back. The document head was moved so that one half is its threshold. */
export const LIMIT = 0.5;

/** @param {{ photo: ArrayLike<number>, document: ArrayLike<number> }} scores */
export function judged({ photo, document: [paper] }) {
  const intimate = INTIMATE.reduce((sum, kind) => sum + photo[kind], 0);
  const reasons = [];
  if (paper > LIMIT) reasons.push(`It looks like the cards, licences and letters that this page was taught with (${percent(paper)}).`);
  if (intimate > LIMIT) reasons.push(`The photo filter takes it for suggestive or explicit (${percent(intimate)}).`);
  const words = paper > LIMIT
    ? intimate > LIMIT ? 'May be an identity document, and intimate' : 'May be an identity document'
    : intimate > LIMIT ? 'May be intimate' : photo[0] > LIMIT ? 'Looks like a drawing' : 'Looks like an everyday photo';
  return { words, reasons, isSensitive: reasons.length > 0, intimate, paper };
}

/** @param {number} part */
export const percent = (part) => (part > 0.995 ? '> 99%' : part < 0.005 ? '< 1%' : `${(100 * part).toFixed(0)}%`);
