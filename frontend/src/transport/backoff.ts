// How long to wait before the next attempt to connect.

const FIRST_MS = 500;
const LONGEST_MS = 30_000;

/**
 * Exponential backoff with "equal jitter": half of the delay is fixed and half is random, so that the visitors of a
 * restarted server do not all come back in the same second.
 */
export function backoff(failures: number, random: () => number = Math.random): number {
  const ceiling = Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(failures, 16));
  return ceiling / 2 + (ceiling / 2) * random();
}
