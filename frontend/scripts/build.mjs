// `npm run build`: writes the committed bundle, dist/support-chat.js.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { bundle, root } from './bundle.mjs';

const outdir = join(root, 'dist');
await bundle(outdir);
const bytes = readFileSync(join(outdir, 'support-chat.js'));
console.log(`dist/support-chat.js ${bytes.length} bytes, ${gzipSync(bytes).length} gzipped`);
