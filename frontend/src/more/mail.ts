// A conversation by e-mail: to the address that the company knows, else to one that is asked for.
import type { ChatClient } from '../client';
import type { MoreWords } from '../locales/more/en';
import { isRecord } from '../raw';
import { button, el, icon, setAttribute, setText } from '../view/dom';

export class MailTranscript {
  readonly element: HTMLElement;
  private readonly email: HTMLInputElement;
  private readonly form: HTMLFormElement;
  private readonly opener: HTMLButtonElement;
  private readonly note = el('p', { class: 'history-note', role: 'status', testid: 'mail-note' });
  private isBusy = false;

  constructor(
    private readonly client: ChatClient,
    private readonly conversation: string,
    private readonly words: MoreWords,
  ) {
    this.email = el('input', { class: 'field', type: 'email', dir: 'ltr', autocomplete: 'email', placeholder: 'name@example.com', 'aria-label': words.mailTo, testid: 'mail-address' });
    const submit = el('button', { type: 'submit', class: 'form-send', testid: 'mail-send' }, [words.mailSend]);
    this.form = el('form', { class: 'mail-form', novalidate: true, hidden: true }, [this.email, submit]);
    this.form.addEventListener('submit', (event) => {
      event.preventDefault();
      void this.send();
    });
    this.opener = button({ class: 'history-back', testid: 'mail-transcript' }, [icon('mail'), words.mailTranscript], () => this.open());
    this.element = el('div', {}, [this.opener, this.form, this.note]);
  }

  private get isKnown(): boolean {
    return this.client.session.hasOffer('mail_known');
  }

  private open(): void {
    setText(this.note, '');
    if (this.isKnown) void this.send();
    else this.show();
  }

  private show(): void {
    this.form.hidden = false;
    this.email.focus({ preventScroll: true });
  }

  private async send(): Promise<void> {
    const address = this.email.value.trim();
    if (this.isBusy) return;
    this.isBusy = true;
    const isMissing = address === '' && !this.isKnown;
    const answer = isMissing ? { address: '', code: 'no_email', status: 400 } : await ask(this.client, this.conversation, address);
    this.isBusy = false;
    const isWrong = answer.code === 'no_email' || answer.code === 'bad_email';
    setAttribute(this.email, 'aria-invalid', isWrong ? 'true' : null);
    if (answer.address === '') {
      setText(this.note, problemOf(answer, this.words));
      if (isWrong) this.show();
      return;
    }
    this.form.hidden = true;
    setText(this.note, this.words.mailSent.replace('#', () => answer.address));
    this.opener.focus({ preventScroll: true });
  }
}

interface Answer {
  /** As much of it as is shown; empty where nothing was sent. */
  readonly address: string;
  readonly code: string;
  readonly status: number;
}

async function ask(client: ChatClient, conversation: string, email: string): Promise<Answer> {
  try {
    const response = await client.request('POST', `conversations/${conversation}/transcript/`, { email });
    const raw: unknown = await response.json().catch(() => null);
    const said = isRecord(raw) ? raw : {};
    return { address: response.ok && typeof said.address === 'string' ? said.address : '', code: String(said.code), status: response.status };
  } catch {
    return { address: '', code: '', status: 0 };
  }
}

function problemOf({ code, status }: Answer, words: MoreWords): string {
  if (code === 'no_email') return words.no_email;
  if (code === 'bad_email') return words.bad_email;
  if (code === 'nothing_said') return words.mailNothing;
  return status === 429 ? words.mailTooMany : words.mailFailed;
}
