// Opens the help in a panel.
import type { Speech } from '../launcher/part';
import type { MoreWords } from '../locales/more/en';
import type { Session } from '../session';
import { speak } from '../strings';
import type { PanelView } from '../view/panel';
import { applySheet } from '../view/sheet';
import { Articles } from './articles';
import { historyStyles } from '../styles/history';
import { helpStyles } from './styles';
import { HelpView } from './view';

/** The help of a panel, which is made when it is first opened. */
export function openHelp(panel: PanelView, session: Session, { tag, words: said }: Speech, words: MoreWords): void {
  // This file has words of its own to fill.
  speak(tag, said);
  const root = panel.element.getRootNode();
  if (root instanceof ShadowRoot) applySheet(root, historyStyles + helpStyles);
  if (panel.help === null) {
    const ask = (about: string): void => panel.composer.fill(about === '' ? '' : `${about}: `);
    panel.help = new HelpView({ articles: new Articles(session), words, ask, onToggle: (open) => panel.setAside(open) });
    panel.place(panel.help.element);
  }
  void panel.help.open();
}
