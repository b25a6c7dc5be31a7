// The input, the send button and the line below them.

export const composerStyles = `
.composer-frame { padding: 10px 12px; padding-block-end: max(10px, env(safe-area-inset-bottom)); border-block-start: 1px solid var(--line); }
.composer {
  display: flex; align-items: flex-end; gap: 6px; padding-block: 5px; padding-inline: 5px; border: 1px solid var(--edge);
  border-radius: 22px; background: var(--surface); transition: border-color .15s, box-shadow .15s;
}
.composer:focus-within { border-color: var(--accent); box-shadow: 0 0 0 1px var(--accent); }
.input {
  flex: 1; min-inline-size: 0; border: 0; background: none; resize: none; padding: 5px 0; font-size: 16px; line-height: 1.4;
  max-block-size: 140px; outline: none; scrollbar-width: thin;
}
.input::placeholder { color: var(--muted); opacity: 1; }
.send {
  display: grid; place-items: center; inline-size: 34px; block-size: 34px; border-radius: 50%; flex: none;
  background: var(--brand); color: var(--on-brand); transition: background .15s, color .15s;
}
.stop { background: var(--text); color: var(--surface); }
.stop .icon { fill: currentColor; }
.clip { inline-size: 34px; block-size: 34px; border-radius: 50%; }
.clip + .clip { margin-inline-start: -6px; }
.clip[hidden] + .clip { margin-inline-start: 0; }
.clip[hidden] + .clip[hidden] + .input { padding-inline-start: 9px; }
.send:disabled { background: var(--raised); color: var(--muted); }
.foot { display: flex; flex-wrap: wrap; align-items: center; justify-content: flex-end; gap: 2px 12px; padding: 7px 4px 0; font-size: 12px; color: var(--muted); }
.handover {
  display: inline-flex; align-items: center; gap: 6px; min-block-size: 28px; padding: 3px 8px; margin-inline-start: -6px; border-radius: 8px;
  color: var(--accent); font-weight: 600; font-size: 13px;
}
.handover .icon { inline-size: 16px; block-size: 16px; }
.handover:hover { background: var(--tint); }
.handover:disabled { color: var(--muted); background: none; font-weight: 500; }
.end, .handover:has(+ .end[hidden]) { margin-inline-end: auto; }
.end { min-block-size: 28px; padding: 3px 8px; border-radius: 8px; font-size: 13px; color: var(--muted); }
.end:hover { background: var(--raised); color: var(--text); }
.disclosure { margin-inline-start: auto; font-size: 11.5px; }
.forget { color: inherit; font-size: 11.5px; min-block-size: 24px; text-decoration: underline; text-underline-offset: 2px; }
.privacy { color: inherit; font-size: 11.5px; min-block-size: 24px; line-height: 24px; text-underline-offset: 2px; }
@media (max-height: 600px) { .composer-frame { padding-block: 6px; } }
`;
