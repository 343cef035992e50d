import { StrictMode, useEffect, useState } from 'react';
import { createRoot } from 'react-dom/client';
import { learn } from './flowers.js';
import { load } from './site/index.js';

/** The model, once it is there; it ends with the component. StrictMode mounts twice: the first load is given up. */
function useModel() {
  const [model, setModel] = useState();
  useEffect(() => {
    const leaving = new AbortController();
    const loading = load({ thread: 'worker', signal: leaving.signal });
    loading.then(setModel, (error) => leaving.signal.aborted || console.error(error));
    return () => {
      leaving.abort();
      loading.then((loaded) => loaded.dispose(), () => {});
    };
  }, []);
  return model;
}

function Flowers() {
  const model = useModel();
  const [result, setResult] = useState();
  return (
    <>
      <button disabled={!model} onClick={() => learn(model).then(setResult)}>Learn</button>
      {result && <output>{JSON.stringify(result)}</output>}
    </>
  );
}

createRoot(document.getElementById('root')).render(<StrictMode><Flowers /></StrictMode>);
