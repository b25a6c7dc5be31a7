// Rows of the conversation: bubbles, sentences, citations, sources, rating, notices.

export const messageStyles = `
.rows { display: flex; flex-direction: column; gap: 14px; }
.earlier { display: block; margin: 0 auto 14px; padding: 8px 14px; min-block-size: 40px; border-radius: 12px; color: var(--accent); font-weight: 600; font-size: 13px; }
.earlier:hover { background: var(--tint); }
.row { display: flex; flex-direction: column; align-items: flex-start; max-inline-size: 100%; position: relative; }
.row.mine { align-items: flex-end; padding-inline-start: 40px; }
.row.theirs { padding-inline-end: 20px; }
.author { font-size: 12px; font-weight: 600; color: var(--muted); margin-block-end: 4px; padding-inline-start: 2px; }
.bubble {
  padding: 10px 14px; max-inline-size: 100%; overflow-wrap: anywhere; white-space: pre-wrap;
  background: var(--surface); border: 1px solid var(--line); border-radius: 5px 16px 16px;
}
.mine .bubble {
  background: var(--brand); color: var(--on-brand); border-color: transparent; border-radius: 16px 16px 5px;
}
/* The side of who speaks, whatever the direction of the words. */
[dir="rtl"] .bubble { border-radius: 16px 5px 16px 16px; }
[dir="rtl"] .mine .bubble { border-radius: 16px 16px 16px 5px; }
.sending .bubble { opacity: .72; }
.failed .bubble { background: var(--danger-tint); color: var(--text); border-color: var(--danger); }
.time { font-size: 11.5px; color: var(--muted); padding: 3px 2px 0; }
.feedback-row .time { margin-inline-start: auto; padding: 0; white-space: nowrap; }
.delivery {
  display: flex; flex-direction: column; align-items: flex-end; font-size: 12.5px; color: var(--muted);
  padding-block-start: 4px;
}
.problem { text-align: end; }
.problem .icon { display: inline-block; vertical-align: -3px; margin-inline-end: 5px; }
.failed .delivery { color: var(--danger); }
.delivery .icon, .notice .icon { inline-size: 16px; block-size: 16px; }
.appear { animation: appear .32s ease both; }

.sentence { white-space: pre-wrap; }
.own-line { display: block; }
.bound { white-space: nowrap; }
.bubble ul, .bubble ol { padding-inline-start: 20px; display: flex; flex-direction: column; gap: 4px; margin-block: 6px; }
.bubble ol { padding-inline-start: 26px; }
.bubble ul { list-style: disc; }
.bubble > :is(ul, ol):first-child { margin-block-start: 0; }
.bubble > :is(ul, ol):last-child { margin-block-end: 0; }
.bubble li::marker { color: var(--muted); }
.bubble p + :is(p, ul, ol, pre, blockquote, .table), .bubble :is(pre, blockquote, .table) + * { margin-block-start: 8px; }
.bubble > span + .table { margin-block: 8px; }
.bubble code { font: .9em/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; background: var(--raised); border-radius: 5px; padding: 1px 5px; }
.bubble pre { margin: 0; padding: 10px 12px; border-radius: 10px; background: var(--raised); overflow-x: auto; white-space: pre; scrollbar-width: thin; }
.bubble pre code { padding: 0; background: none; }
.bubble em { font-style: italic; }
.bubble strong { font-weight: 650; }
.bubble .table { white-space: normal; }
.cite {
  display: inline-grid; place-items: center; min-inline-size: 24px; block-size: 24px; margin-block: -4px; margin-inline: 1px -1px;
  vertical-align: 3px; border-radius: 8px;
}
.cite span {
  min-inline-size: 18px; padding-inline: 5px; border-radius: 6px; background: var(--tint); color: var(--accent);
  font-size: 11.5px; font-weight: 700; line-height: 18px; text-align: center; transition: background .15s, color .15s;
}
.cite:hover span, .cite:focus-visible span { background: var(--brand); color: var(--on-brand); }
.cite:focus-visible { outline-offset: -1px; }

.status { display: flex; align-items: center; gap: 9px; color: var(--muted); font-size: 14px; padding: 6px 2px; }
.sent-file {
  display: inline-flex; align-items: center; gap: 6px; max-inline-size: 100%; min-block-size: 32px; margin-block-start: 4px; padding: 4px 10px; border: 1px solid var(--edge);
  border-radius: 10px; background: var(--surface); font-size: 13.5px; overflow-wrap: anywhere; text-align: start;
}
.sent-file:has(.picture) { flex-direction: column; align-items: start; }
.picture { inline-size: 160px; block-size: 120px; border-radius: 8px; }
.sent-file .icon { inline-size: 16px; block-size: 16px; flex: none; }
.answer-note { font-size: 13px; color: var(--muted); padding: 4px 2px 0; }
.dots { display: inline-flex; gap: 4px; }
.dots i { inline-size: 6px; block-size: 6px; border-radius: 50%; background: var(--accent); animation: pulse 1.3s ease-in-out infinite; }
.dots i:nth-child(2) { animation-delay: .16s; }
.dots i:nth-child(3) { animation-delay: .32s; }
.typing { color: var(--muted); font-size: 13px; padding: 12px 2px 0; }

.answer-foot { inline-size: 100%; display: flex; flex-direction: column; align-items: flex-start; }
.sources + .time { margin-block-start: 6px; }
.sources { padding-block-start: 8px; max-inline-size: 100%; }
.sources-head { font-size: 12px; font-weight: 600; color: var(--muted); padding-inline-start: 2px; }
.sources ul { display: flex; flex-wrap: wrap; gap: 6px; padding-block-start: 4px; }
.sources li { max-inline-size: 100%; }
.source-link {
  display: flex; align-items: center; gap: 7px; max-inline-size: 100%; padding-block: 4px; padding-inline: 5px 10px; border-radius: 9px;
  border: 1px solid var(--line); background: var(--surface); font-size: 12.5px; line-height: 18px; min-block-size: 28px;
}
.source-link:hover { border-color: var(--accent); }
.source-name, .source-rest { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
/* What tells two sources of one document apart is cut off last. */
.source-name { flex: 0 10 auto; min-inline-size: 4em; }
.source-rest { flex: 0 1 auto; min-inline-size: 0; }
.source-number {
  min-inline-size: 18px; padding-inline: 4px; border-radius: 6px; background: var(--tint); color: var(--accent);
  font-size: 11.5px; font-weight: 700; line-height: 18px; text-align: center; flex: none;
}

.feedback { inline-size: 100%; padding-block-start: 6px; }
.feedback-row { display: flex; align-items: center; gap: 2px; }
.feedback-question { font-size: 12.5px; color: var(--muted); padding-inline: 2px 6px; }
.thumb { display: grid; place-items: center; inline-size: 30px; block-size: 30px; border-radius: 9px; color: var(--muted); }
.thumb .icon { inline-size: 17px; block-size: 17px; }
.thumb:hover { background: var(--raised); color: var(--text); }
.thumb[aria-pressed="true"] { background: var(--tint); color: var(--accent); }
.thumb[aria-pressed="true"] .icon { fill: color-mix(in oklab, currentColor 25%, transparent); }
.feedback-box { display: flex; flex-direction: column; align-items: flex-end; gap: 6px; padding-block-start: 6px; animation: appear .2s ease; }
.feedback-box textarea {
  inline-size: 100%; resize: vertical; min-block-size: 60px; padding: 8px 12px; border: 1px solid var(--edge); border-radius: 11px;
  background: var(--surface); color: var(--text); font-size: 16px; line-height: 1.4;
}

.thumb.done { color: var(--accent); background: var(--tint); }
.bubble.folded { max-block-size: 260px; overflow: hidden; -webkit-mask-image: linear-gradient(#000 75%, transparent); mask-image: linear-gradient(#000 75%, transparent); }
.fold { margin-block-start: 4px; }
.mine-foot { display: flex; flex-wrap: wrap; justify-content: flex-end; align-items: center; gap: 2px 10px; padding-block-start: 3px; }
.mine-foot .time { padding: 0 2px; }
.edit-again { display: inline-flex; align-items: center; gap: 5px; min-block-size: 24px; padding: 2px 6px; border-radius: 7px; color: var(--muted); font-size: 12px; }
.edit-again .icon { inline-size: 14px; block-size: 14px; }
.edit-again:hover { background: var(--raised); color: var(--text); }

.choices { display: flex; flex-wrap: wrap; gap: 8px; max-inline-size: 100%; padding-block-start: 10px; }
.choice {
  max-inline-size: 100%; min-block-size: 40px; padding: 8px 14px; border: 1px solid var(--accent); border-radius: 12px;
  background: var(--surface); color: var(--accent); font-weight: 600; line-height: 1.35; text-align: start; overflow-wrap: anywhere;
  transition: background .15s;
}
.choice:hover { background: var(--tint); }
.choice:disabled { border-color: var(--line); color: var(--muted); background: none; }
.offer {
  display: flex; align-items: center; gap: 8px; margin-block-start: 10px; padding: 9px 16px; border-radius: 12px;
  background: var(--brand); color: var(--on-brand); font-weight: 600; min-block-size: 42px;
}
.offer:hover { filter: brightness(1.08); }
.offer:disabled { background: var(--raised); color: var(--muted); filter: none; }

.rating { display: flex; flex-direction: column; align-items: center; gap: 8px; border: 0; padding: 10px 16px; }
.rating legend { inline-size: 100%; text-align: center; font-weight: 600; padding-block-end: 8px; }
.rating-row { display: flex; flex-wrap: wrap; justify-content: center; align-items: center; gap: 8px; color: var(--muted); font-size: 12.5px; }
.rating-row .choice { inline-size: 44px; min-block-size: 44px; padding: 0; text-align: center; }
.notice { text-align: center; font-size: 12.5px; line-height: 1.45; color: var(--muted); padding-inline: 16px; text-wrap: balance; white-space: pre-wrap; }
.notice.error {
  display: flex; align-items: center; gap: 8px; text-align: start; background: var(--danger-tint); color: var(--danger);
  border-radius: 12px; padding: 10px 14px; font-size: 13.5px; text-wrap: initial;
}
.day { display: flex; align-items: center; gap: 12px; color: var(--muted); font-size: 12px; }
.day::before, .day::after { content: ""; flex: 1; block-size: 1px; background: var(--line); }
`;
