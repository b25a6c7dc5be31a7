// The floating panel (a full-screen sheet on a phone), its header, and the lines below it.

export const panelStyles = `
.panel {
  position: absolute; inset-block-end: 76px; inset-inline-end: 0; inline-size: 400px; max-inline-size: calc(100vw - 40px);
  block-size: min(680px, calc(100vh - 120px)); block-size: min(680px, calc(100dvh - 120px)); background: var(--surface);
  border: 1px solid var(--line); border-radius: var(--radius); box-shadow: var(--shadow); overflow: hidden;
  animation: rise .22s cubic-bezier(.2, .8, .3, 1);
}
.main { display: flex; flex-direction: column; block-size: 100%; }
.panel-head { display: flex; align-items: center; gap: 8px; padding-block: 14px 12px; padding-inline: 14px 6px; border-block-end: 1px solid var(--line); }
.mark {
  display: grid; place-items: center; inline-size: 34px; block-size: 34px; border-radius: 11px; flex: none;
  background: var(--brand); color: var(--on-brand);
}
.panel-head .icon-button + .icon-button { margin-inline-start: -8px; }
@media (max-width: 480px) { .mark { display: none; } }
.titles { flex: 1; min-inline-size: 0; }
.title { font-weight: 650; font-size: 16px; line-height: 1.25; text-align: match-parent; overflow: hidden; overflow-wrap: anywhere; display: -webkit-box; -webkit-box-orient: vertical; -webkit-line-clamp: 2; }
.subtitle { color: var(--muted); font-size: 12.5px; line-height: 1.35; }
.subtitle [class]::before {
  content: ""; display: inline-block; inline-size: 8px; block-size: 8px; margin-inline-end: 6px; border-radius: 50%; background: var(--accent);
}
.subtitle .waiting::before { animation: pulse 1.8s ease-in-out infinite; }

.leave {
  padding: 9px 16px; text-align: start; font-size: 13.5px; font-weight: 600; color: var(--accent); background: var(--tint); border-block-end: 1px solid var(--line);
  text-decoration: underline; text-underline-offset: 3px;
}
.leave:focus-visible { outline-offset: -3px; }
.connection {
  padding: 5px 16px; font-size: 12.5px; line-height: 1.4; text-align: center; border-block-end: 1px solid var(--line);
  background: var(--raised); color: var(--muted);
}
.connection[data-status="refused"], .connection[data-status="signed_out"] { background: var(--danger-tint); color: var(--danger); padding-block: 10px; }

.log-frame { position: relative; flex: 1; min-block-size: 0; background: var(--sunken); }
.log {
  block-size: 100%; overflow-y: auto; overscroll-behavior: contain; padding: 16px; scrollbar-width: thin;
  scrollbar-color: var(--line) transparent;
}
.log:focus-visible { outline-offset: -3px; }
.jump {
  position: absolute; inset-block-end: 12px; inset-inline: 0; margin-inline: auto; inline-size: fit-content;
  display: flex; align-items: center; gap: 6px; padding-block: 6px; padding-inline: 10px 14px; border-radius: 18px; font-size: 13px;
  font-weight: 600; background: var(--surface); color: var(--accent); border: 1px solid var(--line);
  box-shadow: 0 4px 14px rgb(0 0 0 / .16); animation: appear .2s ease;
}
.jump .icon { inline-size: 16px; block-size: 16px; }

.empty { display: flex; flex-direction: column; align-items: flex-start; justify-content: flex-end; min-block-size: 100%; gap: 4px; }
.empty-mark {
  display: grid; place-items: center; inline-size: 52px; block-size: 52px; border-radius: 16px; margin-block-end: 12px;
  background: var(--tint); color: var(--accent);
}
.empty-mark .icon { inline-size: 26px; block-size: 26px; }
.greeting { font-size: 21px; font-weight: 680; line-height: 1.25; letter-spacing: -.01em; text-align: match-parent; text-wrap: balance; }
.empty-detail { color: var(--muted); text-wrap: pretty; }
.suggestions { display: flex; flex-direction: column; gap: 8px; inline-size: 100%; margin-block-start: 18px; }
.suggestion {
  inline-size: 100%; text-align: start; padding: 11px 14px; border: 1px solid var(--line); border-radius: 12px;
  background: var(--surface); line-height: 1.4; transition: border-color .15s, background .15s;
}
.suggestion:hover { border-color: var(--accent); background: var(--tint); }

/* A low screen, as a desktop is at 200% zoom: the room is for what is read. */
@media (max-height: 600px) {
  .panel { inset-block-end: calc(8px - var(--support-chat-offset-block, 20px)); block-size: calc(100dvh - 16px); }
  .panel-head { padding-block: 6px; }
  .leave { padding-block: 5px; }
}
@media (max-width: 480px) {
  .panel {
    position: fixed; inset: 0; inset-block-start: var(--view-top, 0); inline-size: 100%; max-inline-size: none;
    block-size: var(--view-height, 100dvh);
    border: 0; border-radius: 0; animation-name: slide;
  }
  .icon-button { inline-size: 44px; block-size: 44px; }
  .panel-head { padding-block-start: max(10px, env(safe-area-inset-top)); }
}
`;
