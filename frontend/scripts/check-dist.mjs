// `npm run check:dist`: fails unless dist/ equals a fresh build byte for byte, and stays small.
import { join } from 'node:path';
import { bundle, committed, excess, root } from './bundle.mjs';

function problem(fresh, found) {
  if ([...fresh.keys()].sort().join() !== [...found.keys()].sort().join()) return 'dist/ holds other files than a fresh build';
  for (const [name, bytes] of fresh) if (!bytes.equals(found.get(name))) return `dist/${name} is out of date`;
  return null;
}

const fresh = await bundle();
const stale = problem(fresh, await committed(join(root, 'dist')));
const found = stale ? `${stale}. Run: npm run build` : excess(fresh);
if (found) {
  console.error(found);
  process.exitCode = 1;
} else {
  console.log('dist/ equals a fresh build');
}
