// Every language says everything, with what is put into it, and counts as it counts.
import { describe, expect, it } from 'vitest';
import { ar } from './ar';
import { de } from './de';
import { en } from './en';
import type { Strings } from './en';
import { es } from './es';
import { fr } from './fr';
import { it as italian } from './it';
import { ja } from './ja';
import { nl } from './nl';
import { pl } from './pl';
import { pt } from './pt';
import type { MoreWords } from './more/en';
import { ar as more_ar } from './more/ar';
import { de as more_de } from './more/de';
import { en as more_en } from './more/en';
import { es as more_es } from './more/es';
import { fr as more_fr } from './more/fr';
import { it as more_it } from './more/it';
import { ja as more_ja } from './more/ja';
import { nl as more_nl } from './more/nl';
import { pl as more_pl } from './more/pl';
import { pt as more_pt } from './more/pt';
import { LANGUAGES } from '../launcher/language';

const ALL: Readonly<Record<(typeof LANGUAGES)[number], Strings>> = { en, de, fr, es, pt, it: italian, nl, pl, ar, ja };

const MORE: Readonly<Record<string, MoreWords>> & { readonly en: MoreWords } = {
  en: more_en, de: more_de, fr: more_fr, es: more_es, pt: more_pt, it: more_it, nl: more_nl, pl: more_pl, ar: more_ar, ja: more_ja,
};

type Key = keyof Strings;

/** What a word says when a name, a title or a number is put into it. */
function said(words: Strings, key: Key): string {
  const value = words[key];
  if (typeof value === 'string') return value;
  const list = key === 'quotedCells' || key === 'choicesOffered';
  return (value as (...args: readonly unknown[]) => string)(...(list ? [['«1»', '«2»']] : ['«1»', '«2»']));
}

describe.each(LANGUAGES)('%s', (language) => {
  const words = ALL[language];
  const keys = Object.keys(en) as Key[];

  it('says everything', () => {
    expect(keys.filter((key) => said(words, key).trim() === '')).toEqual([]);
    expect(Object.keys(words).sort()).toEqual([...keys].sort());
  });

  it('leaves nothing out that is put in', () => {
    const parts = (text: string): readonly string[] => [...new Set(text.match(/«\d»/g) ?? [])].sort();
    const different = keys.filter((key) => key !== 'openUnread' && parts(said(words, key)).join() !== parts(said(en, key)).join());
    expect(different).toEqual([]);
  });

  it('is no copy of the English', () => {
    const same = keys.filter((key) => said(words, key) === said(en, key));
    expect(language === 'en' ? 0 : same.length).toBeLessThan(10);
  });
});

describe('what is rarely needed', () => {
  it('is said in every language', () => {
    for (const words of Object.values(MORE)) {
      expect(Object.keys(words)).toEqual(Object.keys(MORE.en));
      expect(Object.values(words).filter((text) => text.trim() === '')).toEqual([]);
    }
    expect(Object.keys(MORE).sort()).toEqual([...LANGUAGES].sort());
  });
});

describe('numbers', () => {
  it('have the forms of their language', () => {
    expect([1, 2].map(en.openUnread)).toEqual(['Open chat, 1 unread message', 'Open chat, 2 unread messages']);
    expect([1, 3, 5, 22].map(pl.openUnread).map((text) => text.split(', ')[1])).toEqual([
      '1 nieprzeczytana wiadomość',
      '3 nieprzeczytane wiadomości',
      '5 nieprzeczytanych wiadomości',
      '22 nieprzeczytane wiadomości',
    ]);
    expect(ar.openUnread(2)).toContain('رسالتان');
    expect(ja.openUnread(3)).toBe('チャットを開く（未読メッセージ3件）');
  });
});
