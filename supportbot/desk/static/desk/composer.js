// The box in which agents write: kept on the server, sent once, taken back within ten seconds.

import { types, typesNoMore } from "./bell.js";
import { askCollision } from "./dialogs.js";
import * as files from "./files.js";
import { hideHelp } from "./help.js";
import { Refusal, post } from "./net.js";
import { problem, toast } from "./say.js";
import { look, open } from "./ticket.js";
import { held, hold } from "./unkept.js";

const desk = document.querySelector("[data-desk]");
export const form = desk.querySelector("[data-composer]");
const find = (name) => form?.querySelector(`[data-${name}]`);
const text = find("text");
const send = find("send");
const KEEP_MS = 800;

let kind = "reply";
let draft = null; // the number of the bot's draft that is being edited
let original = "";
let clientId = "";
const texts = { reply: "", note: "" };

const newId = () => `desk-${crypto.randomUUID()}`;

// -- What is typed ------------------------------------------------------------------------------
let keeping = 0;
let isDirty = false;

const keep = async (ticket, ofKind, kept) => {
  await post(`${ticket}/keep/`, { kind: ofKind, text: kept.text, draft: kept.draft ?? "" }, { keepalive: true });
  if (held(ticket, ofKind)?.text === kept.text) hold(ticket, ofKind, null);
};

const typedNow = () => ({ text: text.value, draft: kind === "reply" ? draft : null });

const keepNow = async () => {
  clearTimeout(keeping);
  if (!isDirty || !open) return;
  isDirty = false;
  try {
    await keep(open.ticket, kind, typedNow());
    find("kept").textContent = text.value.trim() ? "Kept" : "";
  } catch {
    isDirty = true; // tried again with the next letter
    find("kept").textContent = "Not kept yet";
  }
};

const refresh = () => {
  const isEmpty = text.value.trim() === "";
  send.disabled = isEmpty || (open?.closed && kind === "reply");
  find("from-draft").hidden = draft === null || kind !== "reply";
  if (kind === "reply" && draft !== null) {
    send.textContent = text.value.trim() === original.trim() ? "Approve and send" : "Send edited reply";
  } else {
    send.textContent = kind === "note" ? "Add note" : "Send";
  }
};

export const typed = () => {
  texts[kind] = text.value;
  isDirty = true;
  if (open) hold(open.ticket, kind, typedNow());
  find("kept").textContent = "";
  clearTimeout(keeping);
  keeping = setTimeout(keepNow, KEEP_MS);
  types(kind);
  refresh();
};

/** Put words in at the cursor. */
export const insert = (words) => {
  const { selectionStart: from, selectionEnd: to, value } = text;
  const gap = from > 0 && !/\s$/.test(value.slice(0, from)) ? "\n" : "";
  text.setRangeText(gap + words, from, to, "end");
  text.focus();
  typed();
};

export const focus = () => text?.focus();
export const isEmpty = () => !text || text.value.trim() === "";
export const textNow = () => text.value;

/** Take a draft of the bot into the box. */
export const edit = (number, words) => {
  choose("reply");
  if (draft !== number && text.value.trim() && text.value.trim() !== original.trim()) {
    const mine = text.value;
    toast("Your own words made room for the draft.", {
      action: "Put them back",
      act: () => setText(mine, null),
      seconds: 12,
    });
  }
  setText(words, number);
  original = words;
  refresh();
  text.focus();
};

/** Put other words in place of what stands in the box; a draft stays the one that is edited. */
export const replace = (words) => {
  const mine = text.value;
  setText(words, draft);
  toast("Your text is replaced.", { action: "Put mine back", act: () => setText(mine, draft), seconds: 15 });
  text.focus();
};

export const dropDraft = () => {
  setText("", null);
  text.focus();
};

const setText = (words, number) => {
  draft = number;
  original = number === null ? "" : original;
  text.value = words;
  texts[kind] = words;
  typed();
};

export const choose = (wanted) => {
  if (wanted === kind || !form) return;
  texts[kind] = text.value;
  void keepNow();
  kind = wanted;
  text.value = texts[kind];
  form.dataset.kind = kind;
  for (const tab of form.querySelectorAll("[data-tab]")) tab.setAttribute("aria-selected", tab.dataset.tab === kind);
  find("label").textContent = kind === "note" ? "Internal note" : "Reply to the customer";
  find("writing-panel").setAttribute("aria-labelledby", `dk-tab-${kind}`);
  text.placeholder = kind === "note" ? "Write to your colleagues" : "Write to the customer";
  for (const one of form.querySelectorAll("[data-for]")) one.hidden = one.dataset.for !== kind;
  files.showKind(kind);
  hideHelp();
  refresh();
};

const fill = ({ kept, ticket, files: described }) => {
  files.show(described);
  clearTimeout(keeping);
  isDirty = false;
  for (const ofKind of ["reply", "note"]) {
    const unkept = held(ticket, ofKind);
    if (unkept) void keep(ticket, ofKind, unkept).catch(() => {}); // held until the next time
  }
  const reply = held(ticket, "reply") ?? kept.reply;
  const note = held(ticket, "note") ?? kept.note;
  draft = reply?.draft ?? null;
  original = draft === null ? "" : (desk.querySelector(`[data-draft="${draft}"]`)?.dataset.text ?? "");
  texts.reply = reply?.text ?? "";
  texts.note = note?.text ?? "";
  kind = "";
  choose("reply");
  clientId = newId();
  find("kept").textContent = texts.reply ? "Kept from before" : "";
  form.dataset.ticket = ticket;
  refresh();
};

// -- Sending ------------------------------------------------------------------------------------
let isSending = false;

/** Send what stands in the box, or `words` of the draft `number`; at the moment `at` if given. */
export const deliver = async ({ words = text.value, number = draft, at = null } = {}) => {
  if (isSending || !words.trim() || !open) return false;
  isSending = true;
  const { ticket } = open;
  const data = { text: words, client_id: clientId, seen: open.seq };
  if (number !== null) data.draft = number;
  if (at !== null) data.at = at;
  try {
    await files.added();
    await keepNow();
    const done = await sendSure(ticket, data);
    if (done === null) return false;
    hold(ticket, "reply", null);
    if (open.ticket === ticket) {
      clear();
      files.sent("reply");
    }
    if (at === null) offerUndo(ticket, done);
    else toast(done.said);
    return true;
  } finally {
    isSending = false;
    void look().catch(() => {});
  }
};

const sendSure = async (ticket, data) => {
  try {
    return await post(`${ticket}/do/send/`, data);
  } catch (error) {
    if (!(error instanceof Refusal) || !error.body.collision) throw error;
    if (!(await askCollision(error.body))) return null;
    return post(`${ticket}/do/send/`, { ...data, sure: "yes" });
  }
};

/** Add what stands in the box as an internal note. */
export const addNote = async () => {
  if (isSending || !text.value.trim() || !open) return;
  isSending = true;
  try {
    const { ticket } = open;
    await files.added();
    const done = await post(`${ticket}/do/note/`, { text: text.value });
    hold(ticket, "note", null);
    if (open.ticket === ticket) files.sent("note");
    isDirty = false;
    clearTimeout(keeping);
    text.value = "";
    texts.note = "";
    typesNoMore();
    refresh();
    toast(done.said);
  } finally {
    isSending = false;
    void look().catch(() => {});
  }
};

const clear = () => {
  isDirty = false;
  clearTimeout(keeping);
  draft = null;
  original = "";
  texts.reply = "";
  if (kind === "reply") text.value = "";
  clientId = newId();
  find("kept").textContent = "";
  typesNoMore();
  hideHelp();
  refresh();
};

let lastSent = null;
const offerUndo = (ticket, done) => {
  const seconds = Math.max(0, (new Date(done.due) - Date.now()) / 1000);
  lastSent = { ticket, outgoing: done.outgoing };
  toast(done.said, { action: "Undo", act: () => undo(lastSent), seconds });
};

/** Take back what was sent last, or the reply given. */
export const undo = async (sent = lastSent) => {
  if (!sent) {
    toast("There is nothing to take back.");
    return;
  }
  try {
    const done = await post(`${sent.ticket}/do/undo/`, { outgoing: sent.outgoing });
    if (sent === lastSent) lastSent = null;
    toast(done.said);
    if (open?.ticket === Number(sent.ticket)) {
      original = desk.querySelector(`[data-draft="${done.draft}"]`)?.dataset.text ?? "";
      setText(done.text, done.draft);
      files.show(done.files);
      text.focus();
    } else {
      document.dispatchEvent(new CustomEvent("desk:open", { detail: Number(sent.ticket) }));
    }
  } catch (error) {
    problem(error);
  }
  await look().catch(() => {});
};

export const start = (after) => {
  if (!form) return;
  files.start();
  document.addEventListener("desk:opened", ({ detail }) => {
    if (Number(form.dataset.ticket) === detail.ticket && isDirty) return; // drawn anew while writing
    fill(detail);
  });
  text.addEventListener("input", typed);
  text.addEventListener("blur", () => {
    void keepNow();
    typesNoMore();
  });
  addEventListener("pagehide", () => void keepNow());
  text.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    if (!send.disabled) form.requestSubmit(send);
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (event.target === form) after(kind);
  });
  form.addEventListener("click", ({ target }) => {
    if (!target.dataset.tab) return;
    choose(target.dataset.tab);
    text.focus();
  });
  form.addEventListener("keydown", (event) => {
    if (!event.target.dataset.tab || !["ArrowLeft", "ArrowRight"].includes(event.key)) return;
    choose(kind === "reply" ? "note" : "reply");
    form.querySelector(`[data-tab="${kind}"]`).focus();
  });
};

/** Leave the ticket without losing a letter. */
export const leave = () => keepNow();
