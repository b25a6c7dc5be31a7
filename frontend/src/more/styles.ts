// The form for an address, a sheet over the conversation as the source of a sentence is; and files above the input.
import { applySheet } from '../view/sheet';
import { historyStyles } from '../styles/history';
import { sourceStyles } from './source-styles';

const formStyles = `
.form { display: flex; flex-direction: column; gap: 12px; padding: 0 16px 18px; padding-block-end: max(18px, env(safe-area-inset-bottom)); overflow-y: auto; }
.form-why { font-size: 14px; line-height: 1.45; color: var(--muted); }
.form-row { display: flex; flex-direction: column; gap: 4px; }
.form-row label { font-size: 13.5px; font-weight: 600; }
.field {
  font: inherit; font-size: 16px; line-height: 1.4; color: var(--text); background: var(--surface); border: 1px solid var(--edge); border-radius: 10px;
  padding: 8px 12px; min-block-size: 40px; inline-size: 100%; resize: vertical;
}
.field:focus { outline: none; border-color: var(--accent); box-shadow: 0 0 0 1px var(--accent); }
.field[aria-invalid] { border-color: var(--danger); box-shadow: 0 0 0 1px var(--danger); }
[dir="rtl"] .field[dir="ltr"] { text-align: right; }
.form-agree { display: flex; gap: 10px; align-items: flex-start; font-size: 13.5px; line-height: 1.45; }
.form-agree input { inline-size: 20px; block-size: 20px; margin: 0; flex: none; accent-color: var(--brand); }
.form-agree a { color: var(--accent); }
.form-problem { font-size: 13.5px; font-weight: 600; color: var(--danger); }
.form-problem:empty { display: none; }
.form-foot { display: flex; align-items: center; gap: 16px; }
.form-send { background: var(--brand); color: var(--on-brand); border-radius: 10px; padding: 9px 18px; font-weight: 600; min-block-size: 40px; }
.form-send[aria-disabled] { opacity: .7; }
.voice { display: flex; align-items: center; gap: 8px; min-block-size: 46px; padding-block: 5px; padding-inline: 8px 5px; border: 1px solid var(--edge); border-radius: 22px; }
.voice .icon-button { inline-size: 34px; block-size: 34px; border-radius: 50%; }
.voice-on .voice-state::before {
  content: ""; display: inline-block; inline-size: 10px; block-size: 10px; margin-inline-end: 8px; border-radius: 50%;
  background: var(--danger); animation: pulse 1.8s ease-in-out infinite;
}
.voice-state { flex: 1; min-inline-size: 0; }
.voice-time { color: var(--muted); font-variant-numeric: tabular-nums; font-size: 13.5px; }
.voice:has(.voice-problem) { margin-block-end: 8px; border-color: var(--danger); border-radius: 12px; }
.voice-problem { flex: 1; padding-block: 4px; font-size: 13.5px; line-height: 1.4; color: var(--danger); }
.tray { display: flex; flex-direction: column; gap: 6px; margin-block-end: 8px; max-block-size: 210px; overflow-y: auto; }
.file-entry { display: flex; flex-wrap: wrap; align-items: center; gap: 2px 8px; padding-inline-start: 10px; border: 1px solid var(--line); border-radius: 10px; background: var(--raised); font-size: 13.5px; }
.file-name { flex: 1; min-inline-size: 0; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.file-bar { inline-size: 80px; accent-color: var(--brand); }
.file-state:empty { display: none; }
.file-failed .file-state { order: 1; inline-size: 100%; padding-block-end: 8px; color: var(--danger); font-weight: 600; font-size: 13px; }
`;

export function applyMoreStyles(root: ShadowRoot): void {
  applySheet(root, sourceStyles + formStyles + historyStyles);
}
