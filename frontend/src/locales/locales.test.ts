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
import { LANGUAGES } from '../launcher/language';

const ALL: Readonly<Record<(typeof LANGUAGES)[number], Strings>> = { en, de, fr, es, pt, it: italian, nl, pl, ar, ja };

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
