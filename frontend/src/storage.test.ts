// What survives a reload, and what happens where a browser forbids storage.
import { describe, expect, it } from 'vitest';
import { Storage, memoryArea } from './storage';

const entry = { clientId: 'c-1', text: 'Hello', at: '2026-11-21T10:00:00Z', failure: null };

describe('Storage', () => {
  it('keeps servers apart', () => {
    const area = memoryArea();
    new Storage('https://a.example', area).refreshToken = 'a';
    expect(new Storage('https://b.example', area).refreshToken).toBeNull();
    expect(new Storage('https://a.example', area).refreshToken).toBe('a');
  });

  it('replaces and drops outbox entries by client id', () => {
    const storage = new Storage('', memoryArea());
    storage.keep(entry);
    storage.keep({ ...entry, text: 'Hello again' });
    storage.keep({ ...entry, clientId: 'c-2' });
    expect(storage.outbox.map((each) => each.text)).toEqual(['Hello again', 'Hello']);
    storage.drop('c-1');
    expect(storage.outbox.map((each) => each.clientId)).toEqual(['c-2']);
  });

  it.each(['{', '7', '[{"clientId":3}]', '[null]'])('reads a damaged outbox %s as empty', (value) => {
    const area = memoryArea();
    area.setItem('support-chat::outbox', value);
    expect(new Storage('', area).outbox).toEqual([]);
  });

  it('forgets the visitor with how far they had read', () => {
    const storage = new Storage('', memoryArea());
    storage.refreshToken = 'a';
    storage.setReadSeq('a', 7);
    storage.forgetVisitor();
    expect(storage.refreshToken).toBeNull();
    expect(storage.readSeq('a')).toBe(0);
  });

  it('does without an area that throws', () => {
    const broken = () => {
      throw new Error('denied');
    };
    const storage = new Storage('', { getItem: broken, setItem: broken, removeItem: broken });
    storage.refreshToken = 'a';
    expect(storage.refreshToken).toBeNull();
    expect(storage.outbox).toEqual([]);
  });
});
