// Colours, the place on the page and the launcher: what a page has before anything else is loaded. A page sets the
// --support-chat-* properties; nothing else of its style sheets reaches in.

const dark = `
  --surface: #15181c;
  --line: #313840;
  --text: #eceff2;
  --accent: var(--support-chat-accent-dark, color-mix(in oklab, var(--brand) 55%, #fff));
  --danger: #ffb4a8;
  --shadow: 0 18px 50px rgb(0 0 0 / .55), 0 2px 10px rgb(0 0 0 / .4);
  color-scheme: dark;
`;

export const launcherStyles = `
:host {
  all: initial;
  position: fixed !important;
  z-index: var(--support-chat-z-index, 2147483000) !important;
  opacity: 1 !important; filter: none !important; transform: none !important; contain: none !important;
}
:host([hidden]) { display: none !important; }
.frame {
  all: initial;
  --brand: var(--support-chat-brand, var(--site-colour, #0f6e66));
  --on-brand: var(--support-chat-on-brand, var(--site-text, #fff));
  --surface: #fff;
  --line: #dfe5e6;
  --text: #182124;
  --accent: var(--support-chat-accent, color-mix(in oklab, var(--brand) 88%, #000));
  --danger: #a3271b;
  --shadow: 0 18px 50px rgb(16 32 36 / .18), 0 2px 10px rgb(16 32 36 / .1);
  color-scheme: light;
  font: 15px/1.5 var(--support-chat-font, system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", Arial, sans-serif);
  color: var(--text);
  position: fixed;
  inset-block-end: var(--support-chat-offset-block, 20px);
  inset-inline-end: var(--support-chat-offset-inline, 20px);
  -webkit-text-size-adjust: 100%;
}
:host([position="left"]) .frame { inset-inline: auto; left: var(--support-chat-offset-inline, 20px); }
:host([position="right"]) .frame { inset-inline: auto; right: var(--support-chat-offset-inline, 20px); }
:host([theme="dark"]) .frame { ${dark} }
@media (prefers-color-scheme: dark) { :host(:not([theme="light"])) .frame { ${dark} } }

*, *::before, *::after { box-sizing: border-box; }
[hidden] { display: none !important; }
.icon {
  inline-size: 20px; block-size: 20px; flex: none; fill: none; stroke: currentColor; stroke-width: 1.8;
  stroke-linecap: round; stroke-linejoin: round;
}
.launcher {
  position: relative; display: grid; place-items: center; inline-size: 60px; block-size: 60px; border-radius: 50%; border: 0;
  padding: 0; cursor: pointer;
  margin-inline-start: auto; background: var(--brand); color: var(--on-brand); box-shadow: var(--shadow);
  transition: transform .18s ease, filter .18s ease;
}
.launcher-icon { display: grid; }
.launcher .icon { inline-size: 28px; block-size: 28px; }
.launcher:hover { filter: brightness(1.08); transform: translateY(-2px); }
.launcher:focus-visible { outline: 3px solid var(--surface); box-shadow: 0 0 0 6px var(--accent); outline-offset: 0; }
.launcher[aria-busy="true"] .launcher-icon { animation: busy 1.2s ease-in-out infinite; }
.launch-note {
  position: absolute; inset-block-end: 72px; inset-inline-end: 0; inline-size: max-content; max-inline-size: min(280px, calc(100vw - 40px));
  margin: 0; padding: 10px 14px; border-radius: 12px; background: var(--surface); color: var(--danger); border: 1px solid var(--line);
  box-shadow: var(--shadow); font-size: 14px;
}
.launch-note:empty { display: none; }
:host([position="left"]) :is(.launch-note, .panel) { inset-inline: auto; left: 0; }
:host([position="right"]) :is(.launch-note, .panel) { inset-inline: auto; right: 0; }
@keyframes busy { 50% { opacity: .35; } }
/* The panel has all of a phone, and all the height of a low screen. */
@media (max-width: 480px), (max-height: 600px) { :host([open]) .launcher { display: none; } }
@media (prefers-reduced-motion: reduce) { .launcher, .launcher-icon { animation: none !important; transition: none !important; } }
@media (forced-colors: active) { .launcher { border: 1px solid; } }
`;
