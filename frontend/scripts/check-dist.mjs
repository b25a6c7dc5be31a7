// `npm run check:dist`: fails unless dist/ equals a fresh build byte for byte, and stays small.
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bundle, root } from './bundle.mjs';

// Uncompressed; 26 KB as it is sent. A page owner pays this on every first visit. Pages of history and earlier
// conversations took it from 72 to 85 thousand bytes.
const LIMIT = 88 * 1024;

function problem(fresh, committed) {
  const names = readdirSync(fresh).sort();
  if (names.join() !== readdirSync(committed).sort().join()) return 'dist/ holds other files than a fresh build';
  for (const name of names) {
    const bytes = readFileSync(join(fresh, name));
    if (!bytes.equals(readFileSync(join(committed, name)))) return `dist/${name} is out of date`;
    if (bytes.length > LIMIT) return `dist/${name} is ${bytes.length} bytes; the limit is ${LIMIT}`;
  }
  return null;
}

const fresh = mkdtempSync(join(tmpdir(), 'support-chat-'));
try {
  await bundle(fresh);
  const found = problem(fresh, join(root, 'dist'));
  if (found) {
    console.error(`${found}. Run: npm run build`);
    process.exitCode = 1;
  } else {
    console.log('dist/ equals a fresh build');
  }
} finally {
  rmSync(fresh, { recursive: true });
}
