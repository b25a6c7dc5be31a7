// `npm run build`: writes the committed bundle, dist/.
import { join } from 'node:path';
import { bundle, excess, root, size, write } from './bundle.mjs';

const bundled = await bundle();
await write(bundled, join(root, 'dist'));
for (const [name, bytes] of bundled) console.log(`dist/${name} ${bytes.length} bytes, ${size(bytes)} compressed`);
const found = excess(bundled);
if (found) {
  console.error(found);
  process.exitCode = 1;
}
