// The source dialog: a sheet over the lower part of the conversation.

export const sourceStyles = `
.source-layer {
  position: absolute; inset: 0; display: flex; align-items: flex-end; background: rgb(10 18 20 / .42);
  animation: fade .18s ease;
}
@keyframes fade { from { background: transparent; } }
.source {
  display: flex; flex-direction: column; inline-size: 100%; max-block-size: 82%; background: var(--surface);
  border-start-start-radius: var(--radius); border-start-end-radius: var(--radius); box-shadow: 0 -8px 30px rgb(0 0 0 / .18);
  animation: slide .24s cubic-bezier(.2, .8, .3, 1);
}
.source-head { display: flex; align-items: flex-start; gap: 10px; padding-block: 14px 6px; padding-inline: 16px 10px; }
.source-head .source-number { margin-block-start: 8px; line-height: 20px; }
.source-title { flex: 1; min-inline-size: 0; font-weight: 650; font-size: 16px; line-height: 1.35; padding-block-start: 7px; overflow-wrap: anywhere; }
.source-body { overflow-y: auto; padding: 0 16px 18px; overscroll-behavior: contain; scrollbar-width: thin; scrollbar-color: var(--line) transparent; position: relative; }
.source-body:focus-visible { outline-offset: -3px; }
.source-path { font-size: 13.5px; color: var(--text); }
.source-version { font-size: 12.5px; color: var(--muted); padding-block: 2px 12px; border-block-end: 1px solid var(--line); margin-block-end: 12px; }
.source-version:has(+ .source-version) { padding-block-end: 0; border: 0; margin: 0; }
.source-version .link { display: inline-block; min-block-size: 24px; line-height: 24px; margin-inline-start: -2px; }
.source-note { font-size: 12px; color: var(--muted); padding-block-start: 12px; }
mark { background: var(--mark); color: var(--mark-text); border-radius: 3px; padding-block: 1px; -webkit-box-decoration-break: clone; box-decoration-break: clone; }
mark.cell { background: var(--mark-cell); font-weight: 650; box-shadow: 0 0 0 1px var(--mark-cell), 0 2px 0 1px var(--mark-edge); }
blockquote { border-inline-start: 3px solid var(--accent); padding-inline-start: 12px; margin-block-end: 12px; }
.passage { font-size: 14.5px; line-height: 1.6; overflow-wrap: anywhere; display: flex; flex-direction: column; gap: 9px; }
.passage p { white-space: pre-wrap; }
.passage-heading, .passage strong { font-weight: 650; }
.passage ul, .passage ol { padding-inline-start: 22px; display: flex; flex-direction: column; gap: 3px; }
.passage ul { list-style: disc; }
.table { overflow-x: auto; }
table { border-collapse: collapse; font-size: 13.5px; line-height: 1.45; min-inline-size: 60%; }
th, td { border: 1px solid var(--line); padding: 6px 10px; text-align: start; vertical-align: top; overflow-wrap: normal; }
th { background: var(--raised); font-weight: 650; }
/* What a row is about stays when the table is scrolled. */
.passage :is(td, th):first-child { position: sticky; inset-inline-start: 0; background: var(--surface); box-shadow: 1px 0 var(--line); }
.passage th:first-child { background: var(--raised); }
@media (max-width: 480px) { .passage table { font-size: 12.5px; } .passage :is(td, th) { padding-inline: 6px; } }
@media (forced-colors: active) { mark.cell { outline: 2px solid; outline-offset: 1px; } }
`;
