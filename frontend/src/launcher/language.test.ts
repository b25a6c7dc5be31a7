// Which language is spoken, from what pages and browsers say.
import { describe, expect, it } from 'vitest';
import { chooseLanguage } from './language';

describe('the language', () => {
  it('is the first one that there are words in', () => {
    expect(chooseLanguage([null, 'sv', 'fr-CA', 'de'])).toEqual({ language: 'fr', tag: 'fr-CA' });
  });

  it('is English without any', () => {
    expect(chooseLanguage([null, '', 'tlh'])).toEqual({ language: 'en', tag: 'en' });
  });

  it('reads tags as pages write them', () => {
    expect(chooseLanguage([' pt_BR '])).toEqual({ language: 'pt', tag: 'pt-BR' });
    expect(chooseLanguage(['DE'])).toEqual({ language: 'de', tag: 'de' });
    expect(chooseLanguage(['es-419-x'])).toEqual({ language: 'es', tag: 'es' });
  });
});
