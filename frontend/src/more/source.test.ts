import { describe, expect, it } from 'vitest';
import { citation } from '../testing/contract';
import { versionLine } from './source';

describe('the line about the version', () => {
  it('names the version of a document', () => {
    expect(versionLine(citation({ version: 3 }))).toContain('Version 3');
  });

  it('names none where the team wrote the answer: it has one text', () => {
    expect(versionLine(citation({ kind: 'curated', version: 1 }))).not.toContain('Version');
  });
});
