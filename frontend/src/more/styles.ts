// The form for an address. A sheet over the conversation, as the source of a sentence is.

export const formStyles = `
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
`;
