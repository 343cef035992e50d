// When is the memory of large arrays free again?

/** Gives the memory of arrays back now, where the browser can: the collector may wait until there is much more. @param {any[]} arrays */
export const letGo = (arrays) => arrays.forEach(({ buffer }) => buffer.transfer?.(0));
