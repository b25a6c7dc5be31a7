// Where the visitor writes: Enter sends, Shift+Enter starts a new line, and the box grows with the text.
import type { FileTray } from '../more/files';
import type { Voice } from '../more/voice';
import { strings } from '../strings';
import type { Actions } from './actions';
import { webAddress } from './address';
import { button, el, icon, setAttribute, setText } from './dom';

const TALLEST_PX = 140;
const END_MS = 5_000;
// A second click this soon belongs to a double click.
const DOUBLE_CLICK_MS = 500;
const KINDS = 'image/png,image/jpeg,image/gif,image/webp,.pdf,.txt,.csv,.tsv,.md,.log,.json';

export class ComposerView {
  readonly element: HTMLElement;
  readonly handover: HTMLButtonElement;
  private readonly forget: HTMLButtonElement;
  private readonly end: HTMLButtonElement;
  private endTimer: ReturnType<typeof setTimeout> | undefined;
  private endAskedAt = 0;
  private readonly input = el('textarea', {
    rows: 1,
    class: 'input',
    'aria-label': strings.input,
    enterkeyhint: 'send',
    autocomplete: 'off',
    testid: 'input',
  });
  private readonly send = el('button', { type: 'submit', class: 'send', 'aria-label': strings.send, testid: 'send', disabled: true }, [
    icon('send'),
  ]);
  private readonly stop = button({ class: 'send stop', 'aria-label': strings.stop, title: strings.stop, testid: 'stop', hidden: true }, [icon('stop')], () =>
    this.actions.stop(),
  );
  /** What is sent with the words; null until the first file is chosen. */
  files: FileTray | null = null;
  readonly tray = el('div', { class: 'tray', role: 'list', hidden: true });
  private readonly clip = button({ class: 'icon-button clip', testid: 'attach', 'aria-label': strings.attach, title: strings.attach }, [icon('clip')], () =>
    this.choose(),
  );
  /** What is being recorded, or was last. */
  voice: Voice | null = null;
  readonly recording = el('div', { class: 'voice', testid: 'voice', hidden: true });
  private readonly mic = button({ class: 'icon-button clip', testid: 'speak', 'aria-label': strings.speak, title: strings.speak, hidden: true }, [icon('mic')], () =>
    this.actions.speak(),
  );
  private readonly form = el('form', { class: 'composer' }, [this.clip, this.mic, this.input, this.stop, this.send]);
  private readonly sound = button({ class: 'forget', testid: 'sound', hidden: true }, [], () => this.actions.toggleSound());
  private readonly foot = el('div', { class: 'foot' });
  private readonly disclosure = el('span', { class: 'disclosure' }, [strings.disclosure]);

  constructor(private readonly actions: Actions) {
    this.handover = button({ class: 'handover', testid: 'handover' }, [icon('person'), strings.talkToPerson], () =>
      actions.askForPerson(),
    );
    this.forget = button({ class: 'forget', testid: 'forget', hidden: true }, [strings.forget], () => actions.forget());
    this.end = button({ class: 'end', testid: 'end', hidden: true }, [strings.end], () => this.askToEnd());
    this.foot.append(this.handover, this.end, this.disclosure, this.sound, this.forget);
    // Not <footer>: inside a dialog that would be a landmark of the whole page.
    this.element = el('div', { class: 'composer-frame' }, [this.tray, this.recording, this.form, this.foot]);
    this.form.addEventListener('submit', (event) => {
      event.preventDefault();
      this.submit();
    });
    this.input.addEventListener('input', () => this.changed());
    this.input.addEventListener('paste', (event) => this.take(event, event.clipboardData));
    this.input.addEventListener('keydown', (event) => this.keyDown(event));
  }

  set placeholder(text: string) {
    setAttribute(this.input, 'placeholder', text);
  }

  /** A link to the privacy notice; anything but a web address is left out. */
  set privacyUrl(url: string | null) {
    this.foot.querySelector('.privacy')?.remove();
    const href = webAddress(url);
    if (href === null) return;
    this.foot.append(el('a', { class: 'privacy', href, target: '_blank', rel: 'noopener' }, [strings.privacy]));
  }

  /** Whether there is anything to forget. */
  set canForget(value: boolean) {
    this.forget.hidden = !value;
  }

  set isWithBot(value: boolean) {
    this.disclosure.hidden = !value;
  }

  /** Whether an answer is being written that can be stopped. */
  set canStop(value: boolean) {
    this.stop.hidden = !value;
    this.fitSend();
  }

  get canStop(): boolean {
    return !this.stop.hidden;
  }

  /** Whether there is a conversation to end. */
  set canEnd(value: boolean) {
    this.end.hidden = !value;
    if (!value) this.resetEnd();
  }

  /** The state of "Talk to a person": offered, asked for, or needless because one is there or will be. */
  set person(state: 'offered' | 'asked' | 'there') {
    this.handover.hidden = state === 'there';
    setAttribute(this.handover, 'disabled', state === 'asked');
    const label = state === 'asked' ? strings.personAsked : strings.talkToPerson;
    if (this.handover.textContent !== label) this.handover.replaceChildren(icon('person'), label);
  }

  /** Files that are pasted or dropped; words are left to the browser. */
  take(event: Event, data: DataTransfer | null): void {
    if (this.clip.hidden || !data?.files.length) return;
    event.preventDefault();
    this.actions.attach([...data.files]);
  }

  /** Whether the page takes files. */
  set takesFiles(value: boolean) {
    this.clip.hidden = !value;
  }

  /** Whether an agent's reply is heard; null where there is no sound. */
  set isHeard(value: boolean | null) {
    this.sound.hidden = value === null;
    setText(this.sound, value === true ? strings.mute : strings.unmute);
  }

  /** Whether the server writes down what visitors say, and this browser can record it. */
  set takesVoice(value: boolean) {
    this.mic.hidden = !value || typeof MediaRecorder === 'undefined' || !navigator.mediaDevices;
  }

  /** Whether a recording stands in the place of the input. */
  set isRecording(value: boolean) {
    this.recording.hidden = !value;
    this.form.hidden = value;
    if (!value) this.focus();
  }

  /** Adds to what is written already. */
  append(text: string): void {
    const before = this.input.value.trimEnd();
    this.fill(before === '' ? text : `${before} ${text}`);
  }

  private choose(): void {
    const input = el('input', { type: 'file', multiple: true, accept: KINDS });
    input.addEventListener('change', () => this.actions.attach([...(input.files ?? [])]));
    input.click();
  }

  focus(): void {
    this.input.focus({ preventScroll: true });
  }

  /** What was written in the one before, drawn in another language. */
  takeOver(before: ComposerView): void {
    this.input.value = before.input.value;
    this.fit();
  }

  /** Puts text into the box for the visitor to change. */
  fill(text: string): void {
    this.input.value = text;
    this.changed();
    this.focus();
  }

  /** The first click asks, so that a slip ends nothing. */
  private askToEnd(): void {
    if (this.endTimer === undefined) {
      setText(this.end, strings.endConfirm);
      this.actions.say(strings.endConfirm);
      this.endTimer = setTimeout(() => this.resetEnd(), END_MS);
      this.endAskedAt = Date.now();
      return;
    }
    if (Date.now() - this.endAskedAt < DOUBLE_CLICK_MS) return;
    this.resetEnd();
    this.actions.end();
    this.focus();
  }

  /** Takes back the question whether to end: who writes or sends goes on. */
  resetEnd(): void {
    clearTimeout(this.endTimer);
    this.endTimer = undefined;
    setText(this.end, strings.end);
  }

  private keyDown(event: KeyboardEvent): void {
    // While an input method composes, Enter picks a candidate.
    if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    this.submit();
  }

  private submit(): void {
    if (this.send.disabled) return;
    const text = this.input.value.trim();
    const files = this.files?.take() ?? [];
    this.input.value = '';
    this.fit();
    this.actions.send(text, files);
    this.focus();
  }

  private changed(): void {
    this.resetEnd();
    this.fit();
    if (this.input.value !== '') this.actions.typing();
  }

  /** With nothing to send, the place of the button is that of the one that stops. */
  fitSend(): void {
    const empty = this.input.value.trim() === '' && !this.files?.count;
    this.send.disabled = empty || this.files?.busy === true;
    this.send.hidden = empty && this.canStop;
  }

  private fit(): void {
    // The hint runs as the widget does, and words as they do.
    setAttribute(this.input, 'dir', this.input.value === '' ? null : 'auto');
    this.fitSend();
    this.input.style.height = 'auto';
    this.input.style.height = `${Math.min(this.input.scrollHeight, TALLEST_PX)}px`;
  }
}
