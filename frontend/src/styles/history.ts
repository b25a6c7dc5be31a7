// The list of earlier conversations, and the one that is read.

export const historyStyles = `
.history { flex: 1; min-block-size: 0; overflow-y: auto; padding: 12px 16px 16px; background: var(--sunken); scrollbar-width: thin; }
.history-back { display: inline-flex; align-items: center; gap: 6px; min-block-size: 32px; padding: 3px 8px; margin-inline-start: -8px; margin-block-end: 8px; border-radius: 8px; color: var(--accent); font-weight: 600; font-size: 13px; }
.history-back .icon { inline-size: 16px; block-size: 16px; }
[dir="rtl"] .history > .history-back .icon { transform: scaleX(-1); }
.history-back:hover { background: var(--tint); }
.history-list { display: flex; flex-direction: column; gap: 8px; }
.history-entry { display: flex; flex-direction: column; gap: 2px; inline-size: 100%; text-align: start; padding: 10px 14px; border: 1px solid var(--line); border-radius: 12px; background: var(--surface); }
.history-entry:hover { border-color: var(--accent); background: var(--tint); }
.history-subject { inline-size: 100%; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.history-foot { margin-block-start: 16px; padding-block-start: 8px; border-block-start: 1px solid var(--line); }
.mail-form { display: flex; flex-wrap: wrap; gap: 8px; margin-block: 4px 8px; }
.mail-form .field { flex: 1 1 180px; }
.history-note:empty { display: none; }
.history-note { color: var(--muted); }
`;
