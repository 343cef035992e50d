// Stands in for threads.js where no file can be fetched: in the one-file form, and in a browser's Python.

export const share = () => {};
