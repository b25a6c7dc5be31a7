// Fields of raw JSON → values of a known type.
export type Raw = Readonly<Record<string, unknown>>;

export function isRecord(value: unknown): value is Raw {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Raised inside the parser for a known type with a field missing; never leaves the parser. */
export class MalformedError extends Error {}

export function text(raw: Raw, key: string): string {
  const value = raw[key];
  if (typeof value === 'string') return value;
  if (typeof value === 'number') return String(value);
  throw new MalformedError(key);
}

export function number(raw: Raw, key: string): number {
  const value = raw[key];
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  throw new MalformedError(key);
}

export function optionalText(raw: Raw, key: string): string | null {
  return raw[key] === undefined || raw[key] === null ? null : text(raw, key);
}

export function list(raw: Raw, key: string): readonly unknown[] {
  const value = raw[key];
  return Array.isArray(value) ? (value as readonly unknown[]) : [];
}

export function record(value: unknown): Raw {
  if (isRecord(value)) return value;
  throw new MalformedError('object');
}

export function texts(raw: Raw, key: string): readonly string[] {
  return list(raw, key).filter((each): each is string => typeof each === 'string');
}

/** A value of a closed list; a value that a later server adds becomes `otherwise`. */
export function oneOf<T extends string>(raw: Raw, key: string, known: readonly T[], otherwise: T): T {
  const value = raw[key];
  return known.find((each) => each === value) ?? otherwise;
}
