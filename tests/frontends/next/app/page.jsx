import { Flowers } from './learner';

export default function Page() {
  return <main><h1>Flowers</h1><Flowers /></main>;
}
