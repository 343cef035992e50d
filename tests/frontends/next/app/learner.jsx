'use client';

import { useEffect, useState } from 'react';
import { learn } from './flowers.js';
import { load } from './site/index.js';

export function Flowers() {
  const [model, setModel] = useState();
  const [result, setResult] = useState();
  useEffect(() => {
    const leaving = new AbortController();
    const loading = load({ signal: leaving.signal });
    loading.then(setModel, (error) => leaving.signal.aborted || console.error(error));
    return () => {
      leaving.abort();
      loading.then((loaded) => loaded.dispose(), () => {});
    };
  }, []);
  return (
    <>
      <button disabled={!model} onClick={() => learn(model).then(setResult)}>Learn</button>
      {result && <output>{JSON.stringify(result)}</output>}
    </>
  );
}
