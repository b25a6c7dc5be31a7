// The form for an address that replies go to: over the conversation, when nobody is there, or before the chat begins.
import type { ChatClient } from '../client';
import type { MoreWords } from '../locales/more/en';
import { webAddress } from '../view/address';
import { isRecord } from '../raw';
import { button, el, icon, setAttribute, setText } from '../view/dom';
import type { PanelView } from '../view/panel';
import { applyMoreStyles } from './styles';

/** Before the chat begins: whether the visitor may skip it. Null while they wait for a person. */
export type First = 'optional' | 'required' | null;

export interface FormOptions {
  readonly element: HTMLElement;
  readonly client: ChatClient;
  readonly panel: PanelView;
  readonly closeChat: () => void;
  readonly words: MoreWords;
  /** What the privacy notice is called. */
  readonly privacy: string;
  readonly first: First;
}

export type OpenForm = (options: FormOptions) => void;

export const openForm: OpenForm = (options) => {
  const form = new AddressForm(options);
  const layer = options.panel.showForm(() => form.leave());
  const root = layer.getRootNode();
  if (root instanceof ShadowRoot) applyMoreStyles(root);
  layer.replaceChildren(form.element);
  form.email.focus({ preventScroll: true });
};

class AddressForm {
  readonly element: HTMLElement;
  readonly email = el('input', {
    id: 'address-email', class: 'field', type: 'email', dir: 'ltr', autocomplete: 'email', 'aria-describedby': 'address-problem', testid: 'address-email',
  });
  private readonly name = el('input', { id: 'address-name', class: 'field', dir: 'auto', autocomplete: 'name', maxlength: 200, testid: 'address-name' });
  private readonly message = el('textarea', { id: 'address-message', class: 'field', dir: 'auto', rows: 2, testid: 'address-message' });
  private readonly consent = el('input', { id: 'address-consent', type: 'checkbox', 'aria-describedby': 'address-problem', testid: 'address-consent' });
  private readonly problem = el('p', { id: 'address-problem', class: 'form-problem', role: 'alert', dir: 'auto', testid: 'address-problem' });
  private readonly send: HTMLButtonElement;
  private readonly consentText: string;
  private busy = false;

  constructor(private readonly options: FormOptions) {
    const { words, first } = options;
    const leave = (): void => this.leave();
    this.consentText = options.element.getAttribute('consent') ?? '';
    this.send = el('button', { type: 'submit', class: 'form-send', testid: 'address-send' }, [first === null ? words.send : words.begin]);
    const form = el('form', { class: 'form', novalidate: true }, [
      el('p', { id: 'address-why', class: 'form-why' }, [first === null ? words.offeredWhy : words.firstWhy]),
      this.labelled('address-email', words.email, this.email),
      this.labelled('address-name', words.name, this.name),
      ...(first === null ? [this.labelled('address-message', words.message, this.message)] : []),
      ...this.agreement(),
      this.problem,
      el('div', { class: 'form-foot' }, [
        this.send,
        ...(first === 'optional' ? [button({ class: 'link', testid: 'address-skip' }, [words.skip], leave)] : []),
      ]),
    ]);
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      void this.submit();
    });
    this.element = el('div', { class: 'source', role: 'dialog', 'aria-modal': 'true', 'aria-labelledby': 'address-title', 'aria-describedby': 'address-why', testid: 'address' }, [
      el('div', { class: 'source-head' }, [
        el('h2', { id: 'address-title', class: 'source-title' }, [first === null ? words.offered : words.first]),
        button({ class: 'icon-button', testid: 'address-close', 'aria-label': first === null ? words.close : words.closeChat }, [icon('close')], leave),
      ]),
      form,
    ]);
  }

  private labelled(id: string, label: string, field: HTMLElement): HTMLElement {
    return el('div', { class: 'form-row' }, [el('label', { for: id }, [label]), field]);
  }

  private agreement(): readonly HTMLElement[] {
    const { element, privacy } = this.options;
    if (this.consentText === '') return [];
    const href = webAddress(element.getAttribute('privacy-url'));
    const link = href === null ? [] : [' ', el('a', { href, target: '_blank', rel: 'noopener' }, [privacy])];
    return [el('div', { class: 'form-agree' }, [this.consent, el('label', { for: 'address-consent', dir: 'auto' }, [this.consentText, ...link])])];
  }

  private async submit(): Promise<void> {
    if (this.busy) return;
    const { words } = this.options;
    const email = this.email.value.trim();
    if (email === '') this.tell(words.no_email, this.email);
    else if (!/^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(email)) this.tell(words.bad_email, this.email);
    else if (this.consentText !== '' && !this.consent.checked) this.tell(words.consent, this.consent);
    else await this.deliver({ email, name: this.name.value.trim(), consent: this.consentText });
  }

  private async deliver(entered: Readonly<Record<string, string>>): Promise<void> {
    const { words } = this.options;
    this.busy = true;
    setAttribute(this.send, 'aria-disabled', 'true');
    this.tell('', null);
    const label = this.send.textContent;
    setText(this.send, words.sending);
    const code = await this.post(entered).catch(() => '');
    if (code === 'bad_email' || code === 'no_email') this.tell(words[code], this.email);
    else if (code !== null) this.tell(words.failed, null);
    else this.done();
    this.busy = false;
    setText(this.send, label);
    setAttribute(this.send, 'aria-disabled', null);
  }

  /** Null when the server has taken it, else its code for what is wrong. */
  private async post(entered: Readonly<Record<string, string>>): Promise<string | null> {
    const response = await this.options.client.post('address', { ...entered, page: location.href });
    if (response.ok) return null;
    const raw: unknown = await response.json();
    return isRecord(raw) ? String(raw.code) : '';
  }

  private done(): void {
    const { client, panel } = this.options;
    const message = this.message.value.trim();
    if (message !== '') client.send(message);
    client.storage.wasAsked = true;
    panel.closeForm();
    panel.leaveButton();
  }

  /** The visitor wants no form: they skip it, or close it. */
  leave(): void {
    this.message.value = '';
    if (this.options.first === 'required') this.options.closeChat();
    else this.done();
  }

  private tell(problem: string, field: HTMLElement | null): void {
    for (const each of [this.email, this.consent]) setAttribute(each, 'aria-invalid', each === field ? 'true' : null);
    setText(this.problem, problem);
    field?.focus();
  }
}
