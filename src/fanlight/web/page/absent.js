// Stands in the one-file form for the parts that its page does not show.

export function start() {
  throw new Error('this page was written without that part');
}
