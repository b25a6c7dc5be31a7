// The element as a page and a visitor meet it, over a fake server.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { SupportChat } from './launcher/element';
import { citation, message, rawEvents, sentence } from './testing/contract';
import { FakeSocket, fakeServer, settle } from './testing/server';
import { defineElement } from './testing/widget';

let chat: SupportChat;
const AT = '2026-11-21T10:00:00Z';

beforeEach(() => {
  defineElement();
  vi.useFakeTimers();
  localStorage.clear();
  sessionStorage.clear();
  fakeServer();
  chat = place({ 'base-url': 'https://help.example/' });
});
afterEach(() => {
  document.body.replaceChildren();
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

function place(attributes: Readonly<Record<string, string>>): SupportChat {
  const element = new SupportChat();
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  document.body.append(element);
  return element;
}

function all(testid: string): readonly HTMLElement[] {
  return [...(chat.shadowRoot?.querySelectorAll<HTMLElement>(`[data-testid="${testid}"]`) ?? [])];
}

function one(testid: string): HTMLElement {
  const [element] = all(testid);
  if (!element) throw new Error(`nothing with the test id ${testid}`);
  return element;
}

async function openAndConnect(): Promise<void> {
  chat.open();
  await settle();
  FakeSocket.last.accept();
  await settle();
}

async function says(...events: readonly unknown[]): Promise<void> {
  FakeSocket.last.says(...events);
  await settle();
}

function write(text: string): void {
  const input = one('input') as HTMLTextAreaElement;
  input.value = text;
  input.dispatchEvent(new Event('input'));
}

function press(element: HTMLElement, key: string, more: KeyboardEventInit = {}): KeyboardEvent {
  const event = new KeyboardEvent('keydown', { key, bubbles: true, composed: true, cancelable: true, ...more });
  element.dispatchEvent(event);
  return event;
}

const focusedId = (): string | null => chat.shadowRoot?.activeElement?.getAttribute('data-testid') ?? null;

describe('the panel', () => {
  it('costs the server nothing until it is opened', async () => {
    await settle();
    expect(FakeSocket.all).toHaveLength(0);
    expect(all('panel')).toEqual([]);
    await openAndConnect();
    expect(FakeSocket.last.url).toBe('wss://help.example/ws/chat/');
  });

  it('takes focus when opened, closes with Escape, and gives focus back', () => {
    const heard: string[] = [];
    for (const name of ['support-chat-open', 'support-chat-close']) document.addEventListener(name, () => heard.push(name), { once: true });
    one('launcher').click();
    expect(focusedId()).toBe('input');
    expect(one('launcher').getAttribute('aria-expanded')).toBe('true');
    press(one('input'), 'Escape');
    expect(one('panel').hidden).toBe(true);
    expect(focusedId()).toBe('launcher');
    expect(heard).toEqual(['support-chat-open', 'support-chat-close']);
  });

  it('says what the page wants it to say', () => {
    chat.remove();
    chat = place({ heading: 'Northwind', greeting: 'Moin!', suggestions: 'One?|Two?', 'privacy-url': 'javascript:alert(1)', open: '' });
    expect(one('panel').hidden).toBe(false);
    expect(chat.shadowRoot?.querySelector('h2')?.textContent).toBe('Northwind');
    expect(chat.shadowRoot?.querySelector('h3')?.textContent).toBe('Moin!');
    expect(all('suggestion').map((each) => each.textContent)).toEqual(['One?', 'Two?']);
    expect(chat.shadowRoot?.querySelector('a')).toBeNull();
    chat.setAttribute('privacy-url', 'https://example.com/privacy');
    expect(chat.shadowRoot?.querySelector('a')?.href).toBe('https://example.com/privacy');
  });

  it('stops when it leaves the page', async () => {
    await openAndConnect();
    chat.remove();
    expect(FakeSocket.last.readyState).toBe(3);
  });
});

describe('writing', () => {
  it('sends with Enter, not with Shift+Enter or while composing', async () => {
    await openAndConnect();
    write('Can I return opened coffee beans?');
    expect(press(one('input'), 'Enter', { shiftKey: true }).defaultPrevented).toBe(false);
    press(one('input'), 'Enter', { isComposing: true });
    expect(FakeSocket.last.sent).toHaveLength(1);
    press(one('input'), 'Enter');
    await settle();
    expect(FakeSocket.last.sent.at(-1)).toMatchObject({ type: 'message', text: 'Can I return opened coffee beans?' });
    expect((one('input') as HTMLTextAreaElement).value).toBe('');
    expect(one('log').textContent).toContain('Sending…');
  });

  it('can be done by the page', async () => {
    chat.ask('  Where is my order? ');
    await settle();
    FakeSocket.last.accept();
    expect(FakeSocket.last.sent.at(-1)).toMatchObject({ type: 'message', text: 'Where is my order?' });
  });

  it('offers to try again, or to edit what cannot be sent', async () => {
    await openAndConnect();
    chat.ask('Hello');
    const { client_id: id } = FakeSocket.last.sent.at(-1) as { client_id: string };
    const error = { seq: 0, type: 'error', at: AT, code: 'x', text: 'Please wait.', client_id: id, run_id: null, retryable: true };
    await says(error);
    one('retry').click();
    await settle();
    expect(FakeSocket.last.sent.at(-1)).toMatchObject({ type: 'message', client_id: id });
    await says({ ...error, text: 'Too long.', retryable: false });
    expect(one('log').textContent).toContain('Too long.');
    one('edit').click();
    await settle();
    expect((one('input') as HTMLTextAreaElement).value).toBe('Hello');
    expect(all('edit')).toHaveLength(0);
  });
});

describe('an answer', () => {
  beforeEach(openAndConnect);

  it('shows the status, then the sentences, then the sources', async () => {
    await says(...rawEvents.slice(0, 3));
    expect(one('status').textContent).toBe('Searching the documents');
    await says(...rawEvents.slice(3, 6));
    expect(all('sentence').map((each) => each.textContent)).toEqual(['Sealed food can be returned within 14 days.1 ']);
    const shown = one('sentence');
    await says(rawEvents[6]);
    expect(all('status')).toHaveLength(0);
    expect(one('sentence')).toBe(shown);
    expect(one('source-link').textContent).toBe('1Returns policy');
  });

  it('says that it starts again', async () => {
    await says(...rawEvents.slice(0, 5));
    expect(all('sentence')).toHaveLength(0);
    expect(one('log').textContent).toContain('Starting the answer again…');
  });

  it('opens a source, keeps focus in it, and gives focus back to the citation', async () => {
    await says(...rawEvents.slice(0, 4));
    one('citation').click();
    await settle();
    const source = one('source').textContent;
    expect(source).toContain('What cannot be returned · Page 2');
    expect(source).toContain('Version 3 · in effect from');
    expect(one('source-quote').textContent).toBe('Opened food cannot be returned.');
    expect(focusedId()).toBe('source-close');
    press(one('source-close'), 'Tab', { shiftKey: true });
    expect(one('source').contains(chat.shadowRoot?.activeElement ?? null)).toBe(true);
    press(one('source-close'), 'Escape');
    expect(all('source')).toHaveLength(0);
    expect(one('panel').hidden).toBe(false);
    expect(focusedId()).toBe('citation');
  });

  it('shows a quote that is not in the passage before it', async () => {
    const cited = citation({ quote: 'Something else entirely.' });
    await says(...rawEvents.slice(0, 3), { ...rawEvents[3], citations: [cited] });
    one('citation').click();
    await settle();
    expect(one('source-quote').textContent).toBe('Something else entirely.');
    expect(one('source-quote').closest('blockquote')).not.toBeNull();
  });

  it('gives one number to several quotes of one passage', async () => {
    const more = citation({ quote: 'Sealed food can be returned within 14 days.' });
    await says(...rawEvents.slice(0, 3), { ...rawEvents[3], citations: [citation(), more] });
    expect(all('citation')).toHaveLength(1);
    one('citation').click(); await settle();
    expect(chat.shadowRoot?.querySelectorAll('mark')).toHaveLength(2);
  });

  it('never turns text into markup', async () => {
    await says(...rawEvents.slice(0, 3), { ...rawEvents[3], text: '<img src=x onerror=alert(1)>' });
    expect(chat.shadowRoot?.querySelector('.log img')).toBeNull();
    expect(one('sentence').textContent).toContain('<img src=x');
  });

  it('takes a rating and a comment', async () => {
    await says(...rawEvents.slice(0, 7));
    const id = '0193a2f0-0000-7000-8000-000000000002';
    one('feedback-down').click();
    await settle();
    expect(one('feedback-down').getAttribute('aria-pressed')).toBe('true');
    expect(FakeSocket.last.sent.at(-1)).toEqual({ type: 'feedback', message_id: id, value: 'down' });
    expect(one('log').textContent).not.toContain('Thank you for telling us.');
    (one('feedback-comment') as HTMLTextAreaElement).value = 'It is the old rule.';
    one('feedback-send').click();
    expect(one('log').textContent).toContain('Thank you for telling us.');
    expect(FakeSocket.last.sent.at(-1)).toEqual({ type: 'feedback', message_id: id, value: 'down', comment: 'It is the old rule.' });
  });

  it('offers a person when it does not know', async () => {
    await says(...rawEvents.slice(0, 6), { ...rawEvents[6], outcome: 'no_answer' });
    one('handover-offer').click();
    await settle();
    expect(FakeSocket.last.sent.at(-1)).toEqual({ type: 'handover' });
    expect(one('handover').textContent).toBe('A person has been asked');
    expect(one('handover-offer').hasAttribute('disabled')).toBe(true);
    expect(focusedId()).toBe('input');
  });
});

describe('a person', () => {
  it('shows the citations of an approved draft, numbered as a reader meets them', async () => {
    await openAndConnect();
    const sentences = [
      sentence({ text: 'Sealed food can be returned.', citations: [citation({ n: 4, passage_id: '17' })] }),
      sentence({ text: 'Within 14 days.', citations: [citation({ n: 2, passage_id: '9' }), citation({ n: 4, passage_id: '17' })] }),
    ];
    await says({ seq: 1, type: 'message.created', at: AT, message: message({ author: 'agent', agent_name: 'Ben', sentences }) });
    expect(all('sentence').map((each) => each.textContent)).toEqual(['Sealed food can be returned.1 ', 'Within 14 days.21 ']);
    expect(all('source-link')).toHaveLength(2);
    all('citation')[1]?.click();
    await settle();
    expect(one('source').querySelector('.source-number')?.textContent).toBe('2');
  });

  it('is said once in the header, and the buttons go', async () => {
    await openAndConnect();
    await says(...rawEvents.slice(0, 9));
    expect(one('banner').textContent).toBe('A colleague will reply');
    expect([one('handover').hidden, all('handover-offer')]).toEqual([true, []]);
    await says(rawEvents[9]);
    expect(one('log').textContent).toContain('Ben is typing…');
    await says({ seq: 10, type: 'handover.changed', at: AT, state: 'agent', agent_name: 'Ben', text: '' });
    expect(one('banner').textContent).toBe('You are talking with Ben');
    expect(one('handover').hidden).toBe(true);
    await says({ seq: 11, type: 'handover.changed', at: AT, state: 'bot', agent_name: null, text: '' });
    expect(all('banner')).toEqual([]);
    expect(one('handover').hidden).toBe(false);
    expect(one('handover').hasAttribute('disabled')).toBe(false);
  });
});

describe('a visitor who comes back', () => {
  it('finds the conversation, silently, and sees what is new', async () => {
    await openAndConnect();
    await says(...rawEvents.slice(0, 7));
    chat.remove();
    const unread = vi.fn();
    document.addEventListener('support-chat-unread', (event) => void unread((event as CustomEvent<unknown>).detail), { once: true });
    chat = place({ 'base-url': 'https://help.example' });
    await settle();
    FakeSocket.last.accept();
    expect(FakeSocket.last.sent).toEqual([{ type: 'hello', last: 20 }]);
    await says(...rawEvents.slice(0, 11));
    expect(one('sentence').classList.contains('appear')).toBe(false);
    expect(one('launcher').getAttribute('aria-label')).toBe('Open chat, 1 unread message');
    expect(unread).toHaveBeenCalledWith({ count: 1 });
    chat.open();
    await settle();
    expect(one('launcher').textContent).toBe('0');
  });

  it('separates days', async () => {
    await openAndConnect();
    const later = message({ id: 'm-8', created_at: '2026-11-23T10:00:00Z' });
    await says(rawEvents[0], { seq: 2, type: 'message.created', at: AT, message: later });
    expect(chat.shadowRoot?.querySelectorAll('.day')).toHaveLength(2);
  });
});
