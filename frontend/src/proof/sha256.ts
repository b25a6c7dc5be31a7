// SHA-256 (FIPS 180-4) of a text that begins the same each time. `crypto.subtle` is missing where a page is not a secure
// context, and takes longer to answer for a text this short than this takes to compute.
const K = new Int32Array(64);
const START = new Int32Array(8);

/** The first 32 bits of the fraction of a root. */
const fraction = (root: number): number => ((root - Math.floor(root)) * 2 ** 32) | 0;

for (let number = 2, count = 0; count < 64; number += 1) {
  let isPrime = true;
  for (let divisor = 2; divisor * divisor <= number; divisor += 1) if (number % divisor === 0) isPrime = false;
  if (!isPrime) continue;
  if (count < 8) START[count] = fraction(Math.sqrt(number));
  K[count] = fraction(Math.cbrt(number));
  count += 1;
}

const BLOCK = 64;
const W = new Int32Array(64);
const at = (words: Int32Array, index: number): number => words[index] ?? 0;

/** Takes one block, which begins at `offset`, into `state`. */
function compress(state: Int32Array, bytes: DataView, offset: number): void {
  for (let t = 0; t < 16; t += 1) W[t] = bytes.getInt32(offset + 4 * t);
  for (let t = 16; t < 64; t += 1) {
    const x = at(W, t - 15);
    const y = at(W, t - 2);
    const s0 = ((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3);
    const s1 = ((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10);
    W[t] = (at(W, t - 16) + s0 + at(W, t - 7) + s1) | 0;
  }
  let a = at(state, 0);
  let b = at(state, 1);
  let c = at(state, 2);
  let d = at(state, 3);
  let e = at(state, 4);
  let f = at(state, 5);
  let g = at(state, 6);
  let h = at(state, 7);
  for (let t = 0; t < 64; t += 1) {
    const s1 = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7));
    const one = (h + s1 + ((e & f) ^ (~e & g)) + at(K, t) + at(W, t)) | 0;
    const s0 = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10));
    const two = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
    h = g;
    g = f;
    f = e;
    e = (d + one) | 0;
    d = c;
    c = b;
    b = a;
    a = (one + two) | 0;
  }
  [a, b, c, d, e, f, g, h].forEach((sum, i) => (state[i] = at(state, i) + sum));
}

/** The hash of `prefix` and what follows, both of ASCII. The prefix's whole blocks are taken in once. */
export function hasher(prefix: string): (rest: string) => Int32Array {
  const given = new TextEncoder().encode(prefix);
  const whole = given.length - (given.length % BLOCK);
  const begun = START.slice();
  for (let offset = 0; offset < whole; offset += BLOCK) compress(begun, new DataView(given.buffer), offset);
  const tail = given.subarray(whole);
  const bytes = new Uint8Array(2 * BLOCK);
  const view = new DataView(bytes.buffer);
  const state = new Int32Array(8);
  return (rest) => {
    const length = tail.length + rest.length;
    const end = length + 9 > BLOCK ? 2 * BLOCK : BLOCK;
    bytes.fill(0);
    bytes.set(tail);
    for (let i = 0; i < rest.length; i += 1) bytes[tail.length + i] = rest.charCodeAt(i);
    bytes[length] = 0x80;
    view.setUint32(end - 4, 8 * (whole + length));
    state.set(begun);
    for (let offset = 0; offset < end; offset += BLOCK) compress(state, view, offset);
    return state;
  };
}

/** The words of a hash in hexadecimal; null where it is none. */
export function words(hex: string): Int32Array | null {
  if (!/^[0-9a-f]{64}$/.test(hex)) return null;
  return Int32Array.from({ length: 8 }, (_, i) => parseInt(hex.slice(8 * i, 8 * i + 8), 16));
}
