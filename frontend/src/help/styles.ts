// Help articles; the list looks like that of earlier conversations.

export const helpStyles = `
.help { padding-block-start: 0; scroll-padding-block: 60px 8px; }
.help > .history-back { position: sticky; inset-block-start: 0; z-index: 1; inline-size: calc(100% + 16px); margin-block-end: 0; padding-block: 12px 8px; border-radius: 0; background: var(--sunken); }
.help-form { display: flex; gap: 8px; margin-block: 2px 14px; }
.help-input {
  flex: 1; min-inline-size: 0; font: inherit; font-size: 16px; line-height: 1.4; color: var(--text); background: var(--surface); border: 1px solid var(--edge); border-radius: 10px;
  padding: 8px 12px; min-block-size: 40px; -webkit-appearance: none; appearance: none;
}
.help-input:focus { outline: none; border-color: var(--accent); box-shadow: 0 0 0 1px var(--accent); }
.help-find { background: var(--brand); color: var(--on-brand); border-radius: 10px; padding: 8px 14px; font-weight: 600; min-block-size: 40px; }
.help-head { font-size: 13px; font-weight: 650; color: var(--muted); margin-block-end: 8px; }
.help-name { font-weight: 600; overflow-wrap: anywhere; }
.help-path { font-size: 12.5px; line-height: 1.4; color: var(--muted); overflow-wrap: anywhere; }
.help-snippet { font-size: 13.5px; line-height: 1.45; overflow-wrap: anywhere; }
.help-ask { display: inline-flex; align-items: center; gap: 8px; margin-block-start: 16px; }
.article { background: var(--surface); border: 1px solid var(--line); border-radius: 14px; padding: 16px; overflow-wrap: anywhere; }
.article-title { font-size: 18px; line-height: 1.3; font-weight: 650; }
.article-head { font-size: 15.5px; line-height: 1.35; font-weight: 650; margin-block: 18px 6px; }
h5.article-head { font-size: 14.5px; }
.article-title:focus, .article-head:focus { outline: none; }
.article-title:focus-visible, .article-head:focus-visible { outline: 2px solid var(--accent); outline-offset: 3px; border-radius: 4px; }
.article-text { display: flex; flex-direction: column; gap: 9px; font-size: 14.5px; line-height: 1.6; margin-block-start: 8px; }
.article-text ul, .article-text ol { padding-inline-start: 22px; display: flex; flex-direction: column; gap: 4px; }
.article-text ul { list-style: disc; }
.article-text ol { list-style: decimal; }
.article-text strong { font-weight: 650; }
.article-text .table { overflow-x: auto; }
.article-text table { border-collapse: collapse; font-size: 13.5px; line-height: 1.45; min-inline-size: 60%; }
.article-text th, .article-text td { border: 1px solid var(--line); padding: 6px 10px; text-align: start; vertical-align: top; overflow-wrap: normal; }
.article-text th { background: var(--raised); font-weight: 650; }
.article-text pre { overflow-x: auto; }
`;
