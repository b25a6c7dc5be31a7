// Colours, type and the small controls that every part shares. A page sets the --support-chat-* properties.

const dark = `
  --surface: #15181c;
  --raised: #1f242a;
  --sunken: #101316;
  --line: #313840;
  --edge: #7d8894;
  --text: #eceff2;
  --muted: #a9b2bc;
  --accent: var(--support-chat-accent-dark, color-mix(in oklab, var(--brand) 55%, #fff));
  --tint: color-mix(in oklab, var(--brand) 26%, #15181c);
  --mark: #5c4a10;
  --mark-text: #fff3cd;
  --mark-cell: #8a6c08;
  --mark-edge: #ffd85a;
  --danger: #ffb4a8;
  --danger-tint: #3a1d1a;
  --shadow: 0 18px 50px rgb(0 0 0 / .55), 0 2px 10px rgb(0 0 0 / .4);
  color-scheme: dark;
`;

export const baseStyles = `
:host {
  --brand: var(--support-chat-brand, #0f6e66);
  --on-brand: var(--support-chat-on-brand, #fff);
  --radius: var(--support-chat-radius, 18px);
  --surface: #fff;
  --raised: #f2f5f5;
  --sunken: #f8fafa;
  --line: #dfe5e6;
  --edge: #76828a;
  --text: #182124;
  --muted: #566168;
  --accent: var(--support-chat-accent, color-mix(in oklab, var(--brand) 88%, #000));
  --tint: color-mix(in oklab, var(--brand) 10%, #fff);
  --mark: #ffe9a3;
  --mark-text: #2b2200;
  --mark-cell: #ffcf4a;
  --mark-edge: #8a6400;
  --danger: #a3271b;
  --danger-tint: #fdeeec;
  --shadow: 0 18px 50px rgb(16 32 36 / .18), 0 2px 10px rgb(16 32 36 / .1);
  color-scheme: light;
  all: initial;
  font: 15px/1.5 var(--support-chat-font, system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", Arial, sans-serif);
  color: var(--text);
  position: fixed;
  z-index: var(--support-chat-z-index, 2147483000);
  inset-block-end: var(--support-chat-offset-block, 20px);
  inset-inline-end: var(--support-chat-offset-inline, 20px);
  -webkit-text-size-adjust: 100%;
}
:host([theme="dark"]) { ${dark} }
@media (prefers-color-scheme: dark) { :host(:not([theme="light"])) { ${dark} } }
:host([hidden]) { display: none; }

*, *::before, *::after { box-sizing: border-box; }
[hidden] { display: none !important; }
h2, h3, p, ul, ol, blockquote { margin: 0; padding: 0; font: inherit; }
ul { list-style: none; }
button, textarea { font: inherit; color: inherit; margin: 0; }
button { cursor: pointer; background: none; border: 0; padding: 0; -webkit-tap-highlight-color: transparent; }
button:disabled { cursor: default; }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
.icon {
  inline-size: 20px; block-size: 20px; flex: none; fill: none; stroke: currentColor; stroke-width: 1.8;
  stroke-linecap: round; stroke-linejoin: round;
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
  .bubble, .panel, .launcher, .send, .cite span, .suggestion, .choice, .offer { border: 1px solid; }
}
`;
