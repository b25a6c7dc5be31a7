import { describe, expect, it } from 'vitest';
import { citation } from '../testing/contract';
import { en } from '../locales/more/en';
import { SourceView, versionLine } from './source';

describe('the line about the version', () => {
  it('names the version of a document', () => {
    expect(versionLine(citation({ version: 3 }))).toContain('Version 3');
  });

  it('names none where the team wrote the answer: it has one text', () => {
    expect(versionLine(citation({ kind: 'curated', version: 1 }))).not.toContain('Version');
  });
});

describe('the public page of a document', () => {
  const linkTo = (url: string | null): HTMLAnchorElement | null => {
    const view = new SourceView(en, () => undefined);
    view.open([citation({ url })], document.body, 'Opened food cannot be returned.');
    return view.element.querySelector<HTMLAnchorElement>('[data-testid="source-page"]');
  };

  it('is opened in a tab of its own', () => {
    const link = linkTo('https://shop.example/returns');
    expect([link?.href, link?.target, link?.rel, link?.textContent]).toEqual(['https://shop.example/returns', '_blank', 'noopener noreferrer', en.openPage]);
  });

  it.each([null, '', '/admin/', 'javascript:alert(1)', 'data:text/html,x', '//evil.example'])('is nothing but an address of the web: %s', (url) => {
    expect(linkTo(url)).toBeNull();
  });
});
