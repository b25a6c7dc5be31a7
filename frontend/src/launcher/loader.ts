// Loads the rest of the widget as scripts from where the launcher came from. A script needs no more of a page's
// Content-Security-Policy than the launcher itself, and none of CORS.

/** Where the launcher came from, and what a strict policy knows it by. */
export interface Source {
  /** Ends with a slash. */
  readonly folder: string;
  readonly nonce: string;
}

// One of a deployment's files is not used with another's from a cache. The bundler puts the hash here.
declare const __FILES__: string;
const version = typeof __FILES__ === 'string' ? `?v=${__FILES__}` : '';

const loading = new Map<string, Promise<void>>();

/** Runs a script once, however often it is asked for; one that failed is tried again. */
export function load(source: Source, name: string): Promise<void> {
  const url = `${source.folder}${name}${version}`;
  const known = loading.get(url);
  if (known) return known;
  const script = document.createElement('script');
  const done = new Promise<void>((resolve, reject) => {
    script.addEventListener('load', () => resolve());
    script.addEventListener('error', () => reject(new Error(url)));
  }).catch((error: unknown) => {
    loading.delete(url);
    throw error;
  }).finally(() => script.remove());
  loading.set(url, done);
  script.src = url;
  script.async = true;
  // The languages are written in it, whatever the page is written in.
  script.setAttribute('charset', 'utf-8');
  if (source.nonce !== '') script.nonce = source.nonce;
  document.head.append(script);
  return done;
}
