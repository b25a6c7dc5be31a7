// The colours that only the panel needs, type, and the small controls that every part of it shares.

const dark = `
  --raised: #1f242a;
  --sunken: #101316;
  --edge: #7d8894;
  --muted: #a9b2bc;
  --tint: color-mix(in oklab, var(--brand) 26%, #15181c);
  --mark: #5c4a10;
  --mark-text: #fff3cd;
  --mark-cell: #8a6c08;
  --mark-edge: #ffd85a;
  --danger-tint: #3a1d1a;
`;

export const baseStyles = `
.frame {
  --raised: #f2f5f5;
  --sunken: #f8fafa;
  --edge: #76828a;
  --muted: #566168;
  --tint: color-mix(in oklab, var(--brand) 10%, #fff);
  --mark: #ffe9a3;
  --mark-text: #2b2200;
  --mark-cell: #ffcf4a;
  --mark-edge: #8a6400;
  --danger-tint: #fdeeec;
  --radius: var(--support-chat-radius, 18px);
}
:host([theme="dark"]) .frame { ${dark} }
@media (prefers-color-scheme: dark) { :host(:not([theme="light"])) .frame { ${dark} } }

button, textarea { font: inherit; color: inherit; margin: 0; }
button { cursor: pointer; background: none; border: 0; padding: 0; -webkit-tap-highlight-color: transparent; }
button:disabled { cursor: default; }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
h2, h3, p, ul, ol, blockquote { margin: 0; padding: 0; font: inherit; }
ul { list-style: none; }
.badge {
  position: absolute; inset-block-start: -3px; inset-inline-end: -3px; min-inline-size: 22px; block-size: 22px;
  padding-inline: 6px; border-radius: 11px; background: #c4281a; color: #fff; font-size: 12px; font-weight: 700;
  line-height: 22px; text-align: center; box-shadow: 0 0 0 2px var(--surface);
}
.sr-only {
  position: absolute; inline-size: 1px; block-size: 1px; margin: -1px; overflow: hidden; clip-path: inset(50%);
  white-space: nowrap;
}
.icon-button {
  display: inline-grid; place-items: center; inline-size: 36px; block-size: 36px; border-radius: 10px; flex: none;
  color: var(--muted);
}
.icon-button:hover { background: var(--raised); color: var(--text); }
.link {
  color: var(--accent); font-weight: 600; text-decoration: underline; text-underline-offset: 2px;
  min-block-size: 24px; padding-inline: 2px;
}
.small-button {
  background: var(--brand); color: var(--on-brand); border-radius: 9px; padding: 5px 12px; font-size: 13px;
  font-weight: 600; min-block-size: 30px;
}

@keyframes appear { from { opacity: 0; transform: translateY(4px); } }
@keyframes rise { from { opacity: 0; transform: translateY(14px) scale(.985); } }
@keyframes slide { from { transform: translateY(32px); opacity: 0; } }
@keyframes pulse { 0%, 70%, 100% { opacity: .28; transform: none; } 35% { opacity: 1; transform: translateY(-2px); } }
@media (prefers-reduced-motion: reduce) {
  *, *::before, *::after { animation-duration: .01ms !important; animation-iteration-count: 1 !important; transition: none !important; }
}
@media (forced-colors: active) {
  .bubble, .panel, .send, .cite span, .suggestion, .choice, .offer { border: 1px solid; }
}
`;
