// A recording of what the visitor says, which the server writes down. The words go into the input, to be edited.
import type { ChatClient } from '../client';
import type { MoreWords } from '../locales/more/en';
import { isRecord } from '../raw';
import { button, el, icon, setText } from '../view/dom';
import { applyMoreStyles } from './styles';

const LONGEST_MS = 120_000;
/** A slip of the finger, not a sentence. */
const SHORTEST_MS = 400;
const WRITING_MS = 70_000;
/** Speech needs no more, and the server takes no more than two minutes of what Safari uses by itself. */
const BITS_PER_SECOND = 32_000;
const TYPES = ['audio/webm;codecs=opus', 'audio/mp4', 'audio/ogg;codecs=opus'];

export interface VoiceOptions {
  readonly client: ChatClient;
  readonly baseUrl: string;
  readonly words: MoreWords;
  /** Where the recording is shown, in the place of the input. */
  readonly element: HTMLElement;
  /** Hears true when the recording takes the place of the input, and false when it has gone. */
  readonly onToggle: (active: boolean) => void;
  readonly onText: (text: string) => void;
}

/** What the composer knows of it. */
export interface Voice {
  /** Ends it and lets the microphone go; nothing is sent. */
  cancel(): void;
}

export function startVoice(options: VoiceOptions): Voice {
  const root = options.element.getRootNode();
  if (root instanceof ShadowRoot) applyMoreStyles(root);
  const speech = new Speech(options);
  void speech.start();
  return speech;
}

class Speech implements Voice {
  private stream: MediaStream | null = null;
  private recorder: MediaRecorder | null = null;
  private ticking: ReturnType<typeof setInterval> | undefined;
  private began = 0;
  private isOver = false;
  private readonly sending = new AbortController();
  private readonly state = el('span', { class: 'voice-state', role: 'status', testid: 'voice-state' });
  private readonly time = el('span', { class: 'voice-time', role: 'timer', dir: 'ltr', testid: 'voice-time' });
  private readonly done: HTMLButtonElement;

  constructor(private readonly options: VoiceOptions) {
    const { words } = options;
    const leave = button({ class: 'icon-button', testid: 'voice-cancel', 'aria-label': words.voiceCancel, title: words.voiceCancel }, [icon('close')], () => this.cancel());
    this.done = button({ class: 'send', testid: 'voice-done', 'aria-label': words.voiceDone, title: words.voiceDone, hidden: true }, [icon('check')], () => this.finish());
    options.element.replaceChildren(leave, this.state, this.time, this.done);
    options.element.onkeydown = (event) => {
      if (event.key !== 'Escape') return;
      event.stopPropagation();
      this.cancel();
    };
    options.onToggle(true);
    leave.focus({ preventScroll: true });
  }

  async start(): Promise<void> {
    const { words } = this.options;
    setText(this.state, words.voiceAsking);
    try {
      const stream = await navigator.mediaDevices.getUserMedia({ audio: true });
      this.stream = stream;
      if (this.isOver) this.release();
      else this.record(stream);
    } catch (error) {
      const name = error instanceof DOMException ? error.name : '';
      this.fail(name === 'NotAllowedError' || name === 'SecurityError' ? words.voiceRefused : words.voiceNoMicrophone);
    }
  }

  cancel(): void {
    if (this.isOver) return;
    this.sending.abort();
    this.end();
  }

  private record(stream: MediaStream): void {
    const mimeType = TYPES.find((type) => MediaRecorder.isTypeSupported(type));
    const recorder = new MediaRecorder(stream, { audioBitsPerSecond: BITS_PER_SECOND, ...(mimeType && { mimeType }) });
    const pieces: Blob[] = [];
    recorder.addEventListener('dataavailable', ({ data }) => pieces.push(data));
    recorder.addEventListener('stop', () => {
      this.release();
      if (!this.isOver) void this.send(new Blob(pieces));
    });
    recorder.addEventListener('error', () => this.fail(this.options.words.voiceNoMicrophone));
    recorder.start();
    this.recorder = recorder;
    this.began = Date.now();
    this.options.element.classList.add('voice-on');
    setText(this.state, this.options.words.voiceRecording);
    this.done.hidden = false;
    this.done.focus({ preventScroll: true });
    this.tick();
    this.ticking = setInterval(() => this.tick(), 250);
  }

  private tick(): void {
    const ms = Date.now() - this.began;
    const seconds = Math.floor(ms / 1000);
    setText(this.time, `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')} / 2:00`);
    if (ms >= LONGEST_MS) this.finish();
  }

  private finish(): void {
    if (this.recorder?.state !== 'recording') return;
    if (Date.now() - this.began < SHORTEST_MS) {
      this.fail(this.options.words.voice_empty);
    } else {
      clearInterval(this.ticking);
      this.options.element.classList.remove('voice-on');
      this.recorder.stop();
    }
  }

  private async send(audio: Blob): Promise<void> {
    const { words, client, baseUrl, onText } = this.options;
    setText(this.state, words.voiceWriting);
    setText(this.time, '');
    this.done.hidden = true;
    this.options.element.querySelector<HTMLElement>('button')?.focus({ preventScroll: true });
    const timer = setTimeout(() => this.fail(words.voiceFailed), WRITING_MS);
    try {
      const body = new FormData();
      body.append('audio', audio, 'recording');
      const headers = { Authorization: `Bearer ${await client.token()}`, Accept: 'application/json' };
      const url = `${baseUrl}/api/v1/conversations/${client.state.conversation}/voice/`;
      const response = await fetch(url, { method: 'POST', headers, body, credentials: 'omit', signal: this.sending.signal });
      const raw: unknown = await response.json().catch(() => null);
      if (this.isOver) return;
      const said = isRecord(raw) ? raw : {};
      if (!response.ok || typeof said.text !== 'string') {
        this.fail(this.problem(response.status, said.code));
        return;
      }
      this.end();
      onText(said.text);
    } catch {
      this.fail(words.voiceFailed);
    } finally {
      clearTimeout(timer);
    }
  }

  private problem(status: number, code: unknown): string {
    const { words } = this.options;
    if (status === 429) return words.voiceTooMany;
    if (status === 413 || code === 'voice_too_long') return words.voice_too_long;
    const known: Readonly<Record<string, string>> = { voice_empty: words.voice_empty, voice_no_words: words.voice_no_words, voice_off: words.voice_off };
    return known[String(code)] ?? words.voiceFailed;
  }

  /** Says what is wrong, above the input, until the visitor takes it away or speaks again. */
  private fail(problem: string): void {
    if (this.isOver) return;
    this.end();
    const { element, words } = this.options;
    const close = button({ class: 'icon-button', testid: 'voice-close', 'aria-label': words.close, title: words.close }, [icon('close')], () => {
      element.hidden = true;
      this.options.onToggle(false);
    });
    element.replaceChildren(el('span', { class: 'voice-problem', role: 'alert', testid: 'voice-problem' }, [problem]), close);
    element.hidden = false;
  }

  private end(): void {
    this.isOver = true;
    clearInterval(this.ticking);
    if (this.recorder?.state === 'recording') this.recorder.stop();
    this.release();
    const { element } = this.options;
    element.classList.remove('voice-on');
    element.onkeydown = null;
    element.hidden = true;
    this.options.onToggle(false);
  }

  /** The browser shows that the page listens for as long as it holds the microphone. */
  private release(): void {
    for (const track of this.stream?.getTracks() ?? []) track.stop();
    this.stream = null;
  }
}
