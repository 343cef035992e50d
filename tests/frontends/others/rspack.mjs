// What `rspack build` does, without its command line.
import { rspack } from '@rspack/core';

rspack({ mode: 'production', entry: './src/main.js' }, (error, stats) => {
  if (error || stats.hasErrors()) throw error ?? new Error(stats.toString({ all: false, errors: true }));
});
