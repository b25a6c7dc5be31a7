// Finds the number of a challenge of ALTCHA (version 1), in slices between which the page goes on.
import { isRecord } from '../raw';
import { hasher, words } from './sha256';

const SLICE_MS = 12;
// The clock is asked once for so many hashes.
const BATCH = 256;
// A challenge of more than this is no server's of ours: it would take minutes.
const MOST = 10_000_000;

/** The answer as the server reads it. Raises where there is none. */
export async function solve(challenge: unknown): Promise<string> {
  if (!isRecord(challenge)) throw new Error('no challenge');
  const { algorithm, salt, signature, maxNumber } = challenge;
  const sought = words(String(challenge.challenge));
  if (algorithm !== 'SHA-256' || typeof salt !== 'string' || !sought) throw new Error('no challenge of this kind');
  const number = await find(salt, sought, Math.min(Number(maxNumber), MOST));
  return btoa(JSON.stringify({ algorithm, challenge: challenge.challenge, number, salt, signature }));
}

async function find(salt: string, sought: Int32Array, most: number): Promise<number> {
  const hash = hasher(salt);
  let until = performance.now() + SLICE_MS;
  for (let number = 0; number <= most; number += 1) {
    const found = hash(String(number));
    if (found[0] === sought[0] && found.every((word, i) => word === sought[i])) return number;
    if (number % BATCH === 0 && performance.now() > until) {
      await pause();
      until = performance.now() + SLICE_MS;
    }
  }
  throw new Error('no number fits');
}

/** Lets the page do what waits. A timer would wait a second in a tab that is not seen. */
function pause(): Promise<void> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(null);
  });
}
