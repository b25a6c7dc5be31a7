// Files for the next message: uploaded as soon as they are chosen, with their progress, and sent with the words.
import type { ChatClient } from '../client';
import type { SentFile } from '../contract';
import type { MoreWords } from '../locales/more/en';
import { isRecord } from '../raw';
import type { Raw } from '../raw';
import { dateTag } from '../strings';
import { button, el, icon, setAttribute, setText } from '../view/dom';
import { saveBlob } from './save';
import { applyMoreStyles } from './styles';

export interface TrayOptions {
  readonly client: ChatClient;
  readonly baseUrl: string;
  readonly words: MoreWords;
  /** Where the files are shown, above the words. */
  readonly element: HTMLElement;
  readonly changed: () => void;
}

/** What the composer knows of it. */
export interface FileTray {
  /** Something is on its way to the server, and cannot be sent yet. */
  readonly busy: boolean;
  readonly count: number;
  add(files: readonly File[]): void;
  /** The files for a message, which are in the tray no more. */
  take(): readonly SentFile[];
}

export type OpenTray = (options: TrayOptions) => FileTray;

export const openTray: OpenTray = (options) => {
  const root = options.element.getRootNode();
  if (root instanceof ShadowRoot) applyMoreStyles(root);
  return new Tray(options);
};

/** Gives a file of the conversation to the browser. Raises when it cannot be had. */
export async function saveFile(client: ChatClient, file: SentFile): Promise<void> {
  const response = await client.request('GET', `files/${file.id}/`);
  if (!response.ok) throw new Error(file.name);
  saveBlob(file.name, await response.blob());
}

class Tray implements FileTray {
  private entries: readonly Entry[] = [];

  constructor(private readonly options: TrayOptions) {
    setAttribute(options.element, 'aria-label', options.words.files);
  }

  get busy(): boolean {
    return this.entries.some((entry) => entry.request !== null);
  }

  get count(): number {
    return this.entries.filter((entry) => entry.sent !== null).length;
  }

  add(files: readonly File[]): void {
    const { client, baseUrl, words } = this.options;
    for (const file of files) {
      const entry = new Entry(file, words, () => this.remove(entry), () => this.options.changed());
      this.entries = [...this.entries, entry];
      const conversation = client.state.conversation;
      void client.token().then(
        (token) => entry.upload(`${baseUrl}/api/v1/conversations/${conversation}/files/`, token),
        () => entry.fail(words.uploadFailed),
      );
    }
    this.draw();
  }

  take(): readonly SentFile[] {
    const sent = this.entries.flatMap((entry) => entry.sent ?? []);
    this.entries = [];
    this.draw();
    return sent;
  }

  private remove(entry: Entry): void {
    const { client } = this.options;
    entry.request?.abort();
    if (entry.sent) void client.request('DELETE', `conversations/${client.state.conversation}/files/${entry.sent.id}/`).catch(() => undefined);
    this.entries = this.entries.filter((each) => each !== entry);
    this.draw();
  }

  private draw(): void {
    this.options.element.replaceChildren(...this.entries.map((entry) => entry.element));
    this.options.element.hidden = this.entries.length === 0;
    this.options.changed();
  }
}

class Entry {
  readonly element: HTMLElement;
  sent: SentFile | null = null;
  request: XMLHttpRequest | null = null;
  private readonly bar: HTMLProgressElement;
  private readonly state = el('span', { class: 'file-state', role: 'status', dir: 'auto' });

  constructor(
    private readonly file: File,
    private readonly words: MoreWords,
    remove: () => void,
    private readonly changed: () => void,
  ) {
    this.bar = el('progress', { class: 'file-bar', max: 1, value: 0, 'aria-label': words.uploading });
    this.request = new XMLHttpRequest();
    this.element = el('div', { class: 'file-entry', role: 'listitem', testid: 'file' }, [
      el('span', { class: 'file-name', dir: 'auto' }, [file.name]),
      this.bar,
      this.state,
      button({ class: 'icon-button', testid: 'file-remove', 'aria-label': `${words.removeFile}: ${file.name}` }, [icon('close')], remove),
    ]);
  }

  upload(url: string, token: string): void {
    const { request } = this;
    if (!request) return;
    const body = new FormData();
    body.append('file', this.file);
    request.open('POST', url);
    request.setRequestHeader('Authorization', `Bearer ${token}`);
    request.setRequestHeader('Accept', 'application/json');
    request.upload.addEventListener('progress', ({ loaded, total }) => setAttribute(this.bar, 'value', total > 0 ? loaded / total : 0));
    request.addEventListener('load', () => this.answered(request.status, request.responseText));
    request.addEventListener('error', () => this.fail(this.words.uploadFailed));
    request.send(body);
  }

  fail(problem: string): void {
    this.request = null;
    this.bar.remove();
    setText(this.state, problem);
    this.element.classList.add('file-failed');
    this.changed();
  }

  private answered(status: number, text: string): void {
    const raw = parsed(text);
    if (status !== 201 || typeof raw.id !== 'string') {
      this.fail(refusal(status, raw, this.words));
      return;
    }
    this.request = null;
    this.sent = { id: raw.id, name: this.file.name, content_type: this.file.type, size: this.file.size };
    this.bar.remove();
    this.changed();
  }
}

/** Why a file was refused. A proxy that finds a file too large may say so by the status alone. */
function refusal(status: number, raw: Raw, words: MoreWords): string {
  const code = status === 413 ? 'file_too_large' : String(raw.code);
  const limit = /.* (\d+) MB/s.exec(String(raw.detail))?.[1];
  const known: Readonly<Record<string, string>> = {
    file_too_large: limit === undefined ? words.file_too_large : words.fileLimit.replace('#', () => megabytes(Number(limit))),
    file_kind: words.file_kind,
    file_lies: words.file_kind,
    // Programs, which the server knows by other means than by the kinds it takes.
    file_refused: words.file_kind,
    virus: words.file_refused,
    too_many_files: words.too_many_files,
    files_off: words.files_off,
  };
  return known[code] ?? words.uploadFailed;
}

function megabytes(count: number): string {
  return new Intl.NumberFormat(dateTag(), { style: 'unit', unit: 'megabyte' }).format(count);
}

function parsed(text: string): Raw {
  try {
    const raw: unknown = JSON.parse(text);
    return isRecord(raw) ? raw : {};
  } catch {
    return {};
  }
}
