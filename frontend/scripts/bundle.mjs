// The one way the widget is bundled; the build and the freshness check both use it, so they cannot differ.
import { build } from 'esbuild';
import { createHash } from 'node:crypto';
import { mkdir, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

export const root = fileURLToPath(new URL('..', import.meta.url));

/** Style sheets live in template strings, which the bundler leaves as they are; comments and white space go here. */
const minifyStyles = {
  name: 'minify-styles',
  setup({ onLoad }) {
    onLoad({ filter: /\/src\/(styles\/\w+|more\/[\w-]*styles)\.ts$/ }, async ({ path }) => {
      const source = await readFile(path, 'utf8');
      return { loader: 'ts', contents: source.replace(/`[^`]*`/g, minifyCss) };
    });
  },
};

function minifyCss(css) {
  return css
    .replace(/\/\*.*?\*\//gs, '')
    .replace(/\s+/g, ' ')
    .replace(/ ?([{};,]) ?/g, '$1')
    .replace(/: /g, ':')
    .replace(/;}/g, '}')
    .replace(/` /g, '`');
}

async function files(entryPoints, define = {}, charset = 'ascii') {
  const { outputFiles } = await build({
    absWorkingDir: root,
    entryPoints,
    outdir: '.',
    write: false,
    bundle: true,
    format: 'iife',
    minify: true,
    target: ['es2021'],
    // Escapes, because a page may be served in any encoding; the launcher says that of the languages.
    charset,
    legalComments: 'none',
    logLevel: 'warning',
    define,
    plugins: [minifyStyles],
  });
  return outputFiles.map(({ path, contents }) => [path.slice(root.length), Buffer.from(contents)]);
}

/** name → bytes of every file of dist/. The same sources give the same bytes on every machine. */
export async function bundle() {
  const sources = await readdir(join(root, 'src/locales'));
  const languages = sources.filter((name) => /^[a-z]{2}\.ts$/.test(name)).sort();
  const later = await files({
    'support-chat-panel': 'src/provide.ts',
    'support-chat-news': 'src/provide-news.ts',
    'support-chat-site': 'src/provide-site.ts',
    'support-chat-more': 'src/provide-more.ts',
    'support-chat-help': 'src/provide-help.ts',
    'support-chat-rest': 'src/provide-rest.ts',
    'support-chat-proof': 'src/provide-proof.ts',
  });
  const words = await files(
    Object.fromEntries(languages.flatMap((name) => [name, `more/${name}`]).map((name) => [`locales/${name.slice(0, -3)}`, `src/locales/${name}`])),
    {},
    'utf8',
  );
  const hash = createHash('sha256');
  for (const [, bytes] of [...later, ...words]) hash.update(bytes);
  // The launcher asks for exactly these, also where a cache holds those of another deployment.
  const version = JSON.stringify(hash.digest('hex').slice(0, 10));
  const first = await files({ 'support-chat': 'src/launcher/register.ts' }, { __FILES__: version });
  return new Map([...first, ...later, ...words]);
}

export async function write(bundled, outdir) {
  await rm(outdir, { recursive: true, force: true });
  for (const [name, bytes] of bundled) {
    await mkdir(dirname(join(outdir, name)), { recursive: true });
    await writeFile(join(outdir, name), bytes);
  }
}

/** name → bytes of what is committed. */
export async function committed(outdir) {
  const found = await readdir(outdir, { recursive: true, withFileTypes: true });
  const names = found.filter((each) => each.isFile()).map((each) => join(each.parentPath, each.name));
  return new Map(await Promise.all(names.map(async (path) => [path.slice(outdir.length + 1), await readFile(path)])));
}

export const size = (bytes) => gzipSync(bytes, { level: 9 }).length;

// What a visitor pays, compressed: every visitor for the launcher, and who chats for all that is loaded.
const LAUNCHER = 5_000;
const ALL = 40_000;

/** What is too large, in words; null when nothing is. */
export function excess(bundled) {
  const launcher = size(bundled.get('support-chat.js'));
  if (launcher > LAUNCHER) return `dist/support-chat.js is ${launcher} bytes compressed; the limit is ${LAUNCHER}`;
  // What few visitors need is loaded when one does: on the first intent it costs nothing.
  const first = [...bundled].filter(([name]) => !/more|rest|help|proof/.test(name));
  const sizes = first.map(([name, bytes]) => ({ isWords: basename(dirname(name)) === 'locales', bytes: size(bytes) }));
  const words = sizes.filter(({ isWords }) => isWords).map(({ bytes }) => bytes);
  const rest = sizes.filter(({ isWords }) => !isWords).reduce((sum, { bytes }) => sum + bytes, 0);
  // One language is loaded, never two.
  const all = rest + Math.max(0, ...words);
  return all > ALL ? `dist/ is ${all} bytes compressed; the limit is ${ALL}` : null;
}
