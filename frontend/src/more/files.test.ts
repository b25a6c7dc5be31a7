// Files: chosen, pasted or dropped; uploaded at once, sent with the words, and loaded again from what was sent.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { en } from '../locales/more/en';
import { message } from '../testing/contract';
import { FakeSocket, fakeServer, settle } from '../testing/server';
import type { FakeServer } from '../testing/server';
import { Widget, says } from '../testing/widget';

const AT = '2026-11-21T10:00:00Z';
let widget: Widget;
let server: FakeServer;

class FakeUpload {
  static all: FakeUpload[] = [];
  status = 0;
  responseText = '';
  url = '';
  aborted = false;
  private readonly heard = new Map<string, () => void>();
  readonly upload = { addEventListener: (_: string, tell: (event: { loaded: number; total: number }) => void): void => void (this.progress = tell) };
  progress: (event: { loaded: number; total: number }) => void = () => undefined;

  constructor() {
    FakeUpload.all.push(this);
  }

  open(_: string, url: string): void {
    this.url = url;
  }

  readonly setRequestHeader = vi.fn();
  readonly send = vi.fn();

  abort(): void {
    this.aborted = true;
  }

  addEventListener(type: string, tell: () => void): void {
    this.heard.set(type, tell);
  }

  async answer(status: number, body: unknown): Promise<void> {
    this.status = status;
    this.responseText = JSON.stringify(body);
    this.heard.get('load')?.();
    await settle();
  }
}

beforeEach(async () => {
  vi.useFakeTimers();
  localStorage.clear();
  sessionStorage.clear();
  server = fakeServer();
  FakeUpload.all = [];
  vi.stubGlobal('XMLHttpRequest', FakeUpload);
  widget = await Widget.open();
  await says({ seq: 0, type: 'conversation.opened', at: AT, conversation: 'conv' });
});
afterEach(() => {
  document.body.replaceChildren();
  vi.useRealTimers();
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
});

async function paste(...names: readonly string[]): Promise<void> {
  const event = new Event('paste', { cancelable: true }) as Event & { clipboardData: unknown };
  event.clipboardData = { files: names.map((name) => new File(['x'], name)) };
  widget.one('input').dispatchEvent(event);
  await settle();
}

const at = (index: number): FakeUpload => FakeUpload.all[index] as FakeUpload;
const isSendable = (): boolean => !(widget.one('send') as HTMLButtonElement).disabled;

describe('a file', () => {
  it('is uploaded at once and sent without words', async () => {
    await paste('kettle.png');
    expect(at(0).url).toBe('https://help.example/api/v1/conversations/conv/files/');
    at(0).progress({ loaded: 1, total: 4 });
    expect(widget.one('file').querySelector('progress')?.getAttribute('value')).toBe('0.25');
    expect(isSendable()).toBe(false);
    await at(0).answer(201, { id: 'f-1' });
    expect(isSendable()).toBe(true);
    widget.one('send').click();
    await settle();
    expect(FakeSocket.last.sent.at(-1)).toMatchObject({ type: 'message', text: '', files: ['f-1'] });
    expect(widget.named('file')).toHaveLength(0);
    expect(widget.one('sent-file').textContent).toBe('kettle.png');
  });

  it('that is refused says why, and does not stop the others', async () => {
    await paste('notes.doc', 'kettle.png');
    await at(0).answer(400, { code: 'file_kind' });
    await at(1).answer(201, { id: 'f-1' });
    expect(widget.named('file')[0]?.textContent).toBe(`notes.doc${en.file_kind}`);
    expect(isSendable()).toBe(true);
    widget.named('file-remove')[0]?.click();
    expect(widget.named('file')).toHaveLength(1);
  });

  it('that is too large says how large it may be, where the server tells it', async () => {
    await paste('a.pdf', 'b.pdf', 'c.exe');
    await at(0).answer(413, { code: 'body_too_large', detail: 'Send at most 10 MB at once.' });
    await at(1).answer(413, null);
    await at(2).answer(400, { code: 'file_refused', detail: 'c.exe was not added. It is a program, which is not kept.' });
    expect(widget.all('.file-state').map((each) => each.textContent)).toEqual([
      'This file is too large. At most 10 MB can be sent.',
      en.file_too_large,
      en.file_kind,
    ]);
  });

  it('is taken back on the server when it is removed', async () => {
    await paste('kettle.png', 'slip.pdf');
    await at(0).answer(201, { id: 'f-1' });
    server.route(/files\//, () => new Response(null, { status: 204 }));
    for (const remove of widget.named('file-remove')) remove.click();
    await settle();
    expect(server.requests.at(-1)).toMatchObject({ method: 'DELETE', path: 'https://help.example/api/v1/conversations/conv/files/f-1/' });
    expect(at(1).aborted).toBe(true);
  });

  it('that was sent is given to the browser', async () => {
    const saved = vi.spyOn(URL, 'createObjectURL').mockReturnValue('blob:x');
    vi.spyOn(HTMLAnchorElement.prototype, 'click').mockImplementation(() => undefined);
    server.route(/files\/f-1\/$/, () => new Response('x'));
    const files = [{ id: 'f-1', name: 'kettle.png', content_type: 'image/png', size: 1 }];
    await says({ seq: 1, type: 'message.created', at: AT, message: message({ text: '', files }) });
    widget.one('sent-file').click();
    await settle();
    expect(saved).toHaveBeenCalledOnce();
  });

  it('is not taken where the page takes none', async () => {
    widget.element.setAttribute('files', 'off');
    await settle();
    expect(widget.one('attach').hidden).toBe(true);
    await paste('kettle.png');
    expect(FakeUpload.all).toHaveLength(0);
  });
});
