// What the visitor sees while the browser solves a challenge, and when that did not help.
import type { Speech } from '../launcher/part';
import type { MoreWords } from '../locales/more/en';
import { isRecord } from '../raw';
import { button, el } from '../view/dom';
import type { PanelView } from '../view/panel';
import { solve } from './solve';

// Nobody need press the button: the language may have been changed, which draws the panel without it.
const AGAIN_MS = 30_000;

export interface Proving {
  /** The server's answer, with the challenge. */
  readonly refusal: Response;
  readonly panel: PanelView;
  readonly speech: Speech;
  readonly words: MoreWords;
  readonly say: (text: string) => void;
}

/** The answer to the challenge of a refusal. Where an answer was refused before, the visitor says when to try again. */
export async function prove(proving: Proving): Promise<string> {
  const { panel, speech, words, say } = proving;
  const raw: unknown = await proving.refusal.json().catch(() => null);
  const said = isRecord(raw) ? raw : {};
  const line = el('div', { class: 'connection', testid: 'proof' });
  panel.element.querySelector('[data-testid="connection"]')?.after(line);
  const tell = (text: string, ...children: readonly Node[]): void => {
    line.replaceChildren(text, ...children);
    if (panel.isOpen) say(text);
  };
  const failed = async (): Promise<void> => {
    let again: () => void = () => undefined;
    const pressed = new Promise<void>((resolve) => (again = resolve));
    const timer = setTimeout(again, AGAIN_MS);
    tell(words.proofFailed, button({ class: 'leave', testid: 'proof-again' }, [speech.words.tryAgain], again));
    await pressed;
    clearTimeout(timer);
    if (line.contains((line.getRootNode() as Document | ShadowRoot).activeElement)) panel.leaveButton();
  };
  try {
    if (said.code === 'proof_refused') await failed();
    tell(words.proofChecking);
    return await solve(said.challenge).catch(async () => {
      await failed();
      return '';
    });
  } finally {
    line.remove();
  }
}
