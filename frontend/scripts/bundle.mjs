// The one way the widget is bundled; the build and the freshness check both use it, so they cannot differ.
import { build } from 'esbuild';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('..', import.meta.url));

/** Style sheets live in template strings, which the bundler leaves as they are; white space goes here. */
const minifyStyles = {
  name: 'minify-styles',
  setup({ onLoad }) {
    onLoad({ filter: /\/src\/styles\/\w+\.ts$/ }, async ({ path }) => {
      const source = await readFile(path, 'utf8');
      return { loader: 'ts', contents: source.replace(/`[^`]*`/g, minifyCss) };
    });
  },
};

function minifyCss(css) {
  return css
    .replace(/\s+/g, ' ')
    .replace(/ ?([{};,]) ?/g, '$1')
    .replace(/: /g, ':')
    .replace(/;}/g, '}')
    .replace(/` /g, '`');
}

/** Writes support-chat.js into `outdir`. The same sources give the same bytes on every machine. */
export async function bundle(outdir) {
  await build({
    absWorkingDir: root,
    entryPoints: { 'support-chat': 'src/register.ts' },
    outdir,
    bundle: true,
    format: 'iife',
    minify: true,
    target: ['es2021'],
    // Escapes, because a page may be served in any encoding.
    charset: 'ascii',
    legalComments: 'none',
    logLevel: 'warning',
    plugins: [minifyStyles],
  });
}
