// All that is loaded when somebody needs it.
import type { ChatClient } from '../client';
import type { Speech } from '../launcher/part';
import type { MoreWords } from '../locales/more/en';
import { speak } from '../strings';
import type { Actions } from '../view/actions';
import type { PanelView } from '../view/panel';
import { chime } from './chime';
import { openTray, saveFile } from './files';
import { openForm } from './form';
import { HistoryView } from './history';
import { SourceView } from './source';
import { applyMoreStyles } from './styles';
import { drawFile } from './thumbnail';
import { saveTranscript } from './transcript';
import { startVoice } from './voice';

/** The dialog of a panel that shows sources. */
function sourceOf(panel: PanelView, { tag, words }: Speech, said: MoreWords): SourceView {
  // This file has words of its own to fill.
  speak(tag, words);
  const root = panel.element.getRootNode();
  if (root instanceof ShadowRoot) applyMoreStyles(root);
  panel.source ??= new SourceView(said, (open) => panel.cover(open));
  panel.element.append(panel.source.element);
  return panel.source;
}

/** Earlier conversations, in the place of the current one of a panel. */
function openHistory(panel: PanelView, actions: Actions, client: ChatClient, speech: Speech, words: MoreWords): void {
  speak(speech.tag, speech.words);
  const root = panel.element.getRootNode();
  if (root instanceof ShadowRoot) applyMoreStyles(root);
  if (panel.history === null) {
    panel.history = new HistoryView(actions, words, client, (open) => panel.setAside(open));
    panel.place(panel.history.element);
  }
  void panel.history.open(client.earlier, client.state.conversation);
}

export const more = { chime, drawFile, openForm, openHistory, openTray, saveFile, saveTranscript, sourceOf, startVoice };

export type More = typeof more;
