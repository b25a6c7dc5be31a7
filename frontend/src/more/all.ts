// All that is loaded when somebody needs it.
import type { Speech } from '../launcher/part';
import { speak } from '../strings';
import type { PanelView } from '../view/panel';
import { openTray, saveFile } from './files';
import { openForm } from './form';
import { SourceView } from './source';
import { applyMoreStyles } from './styles';
import { drawFile } from './thumbnail';
import { saveTranscript } from './transcript';

/** The dialog of a panel that shows sources. */
function sourceOf(panel: PanelView, { tag, words }: Speech): SourceView {
  // This file has words of its own to fill.
  speak(tag, words);
  const root = panel.element.getRootNode();
  if (root instanceof ShadowRoot) applyMoreStyles(root);
  panel.source ??= new SourceView((open) => panel.cover(open));
  panel.element.append(panel.source.element);
  return panel.source;
}

export const more = { drawFile, openForm, openTray, saveFile, saveTranscript, sourceOf };

export type More = typeof more;
