// Everything an agent can do, by name: words, key, when it makes sense, and how it is done.

import * as composer from "./composer.js";
import { askWhen, askWords } from "./dialogs.js";
import * as files from "./files.js";
import * as help from "./help.js";
import { post, postElsewhere } from "./net.js";
import * as queue from "./queue.js";
import { problem, toast } from "./say.js";
import { link, merge, split, unlink } from "./several.js";
import { load, look, open } from "./ticket.js";

const desk = document.querySelector("[data-desk]");
const mayChange = desk.dataset.mayChange === "yes";
export const preferences = { opensNext: desk.dataset.opensNext === "yes", hasKeys: desk.dataset.hasKeys === "yes" };

export const showPane = (name) => {
  desk.dataset.pane = name;
  for (const button of desk.querySelectorAll("[data-pane-button]")) {
    button.setAttribute("aria-pressed", button.dataset.paneButton === name);
  }
};

/** Open a ticket, and keep its address for a reload. */
export const openTicket = async (number, { isBack = false } = {}) => {
  if (number === null) return;
  await composer.leave();
  queue.mark(number);
  showPane("chat");
  try {
    await load(number);
  } catch (error) {
    problem(error);
    return;
  }
  const query = queue.query();
  const address = `${desk.dataset.root}${number}/${query ? `?${query}` : ""}`;
  if (!isBack) history.pushState({ number }, "", address);
  desk.querySelector(`[data-entries] [data-number="${number}"]`)?.scrollIntoView({ block: "nearest" });
};

const act = async (name, data = {}) => {
  const done = await post(`${open.ticket}/do/${name}/`, data);
  toast(done.said);
  await look();
  return done;
};

const toNext = async (number) => {
  if (preferences.opensNext && number !== null) await openTicket(number);
};

/** What leaves the queue makes room for the next, if the agent likes it so. */
const actAndGoOn = async (name, data) => {
  const next = queue.following();
  await act(name, data);
  await toNext(next);
};

const card = (number) =>
  number ? desk.querySelector(`[data-draft="${number}"]`) : desk.querySelector("[data-panel=drafts] [data-draft]");
const hasDraft = () => card() !== null;
const can = (verb) => desk.querySelector(`[data-panel] [data-verb="${verb}"]`) !== null;
const hasStatus = (status) => desk.querySelector(`#dk-status option[value="${status}"]`) !== null;

export const sendAndGoOn = async (options) => {
  const next = queue.following();
  if (await composer.deliver(options)) await toNext(next);
};

const approve = async (number) => {
  const draft = card(number);
  if (!draft.dataset.text.trim()) composer.edit(Number(draft.dataset.draft), "");
  else await sendAndGoOn({ words: draft.dataset.text, number: Number(draft.dataset.draft) });
};

const reject = async (number) => {
  const draft = card(number).dataset.draft;
  const reason = await askWords({
    title: "Reject the draft",
    label: "Reason (optional): it helps to improve the documents",
    yes: "Reject without sending",
  });
  if (reason !== null) await act("reject", { draft, reason });
};

const another = async (number) => {
  const draft = card(number).dataset.draft;
  const instruction = await askWords({
    title: "Another draft",
    label: "What should be different?",
    yes: "Write another",
    isNeeded: true,
    presets: ["Shorter", "Mention "],
  });
  if (!instruction) return;
  toast("The bot writes another draft…");
  await act("another", { draft, instruction });
};

// Whoever speaks now stands on the button that was pressed, or on the one that the key stands for.
const takeOver = (number) => {
  const shown = desk.querySelector('[data-panel="head"] [data-verb="take-over"]');
  return act("take-over", { instead: number ?? shown.dataset.id ?? "" });
};

const rename = async () => {
  const subject = await askWords({
    title: "Rename the ticket",
    label: "What it is about (the customer reads it in e-mails)",
    yes: "Rename",
    isNeeded: true,
    text: desk.querySelector(".dk-head h2").textContent,
  });
  if (subject) await act("rename", { subject });
};

const later = async () => {
  if (composer.isEmpty()) {
    toast("Write a reply first.");
    composer.focus();
    return;
  }
  const at = await askWhen("Send the reply at");
  if (at !== null) await sendAndGoOn({ at });
};

const snooze = async () => {
  const until = await askWhen("Snooze until (or until the customer writes)");
  if (until !== null) await actAndGoOn("snooze", { until });
};

const setStatus = (status) => actAndGoOn("status", { status });

const forget = async (_, button) => {
  await postElsewhere(button.dataset.url);
  toast("The fact is deleted.");
  await look();
};

const apply = async (macro) => {
  help.hideHelp();
  const next = queue.following();
  const { ticket } = open;
  await act("macro", { macro, client_id: `macro-${crypto.randomUUID()}` });
  await queue.refresh();
  // It may have left the view, as after any other verb.
  if (!queue.has(ticket)) await toNext(next);
};

const isOpen = () => open !== null;
const mayWrite = () => mayChange && isOpen();
const ticketVerb = (verb) => ({ when: () => mayWrite() && can(verb) });

/** In the order of the list of keys. `run(number or id, button)`. */
export const verbs = {
  next: { words: "Next ticket", key: "j", when: () => true, run: () => openTicket(queue.beside(1)) },
  previous: { words: "Previous ticket", key: "k", when: () => true, run: () => openTicket(queue.beside(-1)) },
  search: { words: "Search tickets", key: "/", when: () => true, run: () => desk.querySelector("#dk-q").focus() },
  reply: {
    words: "Write a reply",
    key: "r",
    when: mayWrite,
    run: () => {
      showPane("chat");
      composer.choose("reply");
      composer.focus();
    },
  },
  note: {
    words: "Write an internal note",
    key: "n",
    when: mayWrite,
    run: () => {
      showPane("chat");
      composer.choose("note");
      composer.focus();
    },
  },
  approve: { words: "Approve the draft and send it", key: "a", when: () => mayWrite() && hasDraft(), run: approve },
  edit: {
    words: "Edit the draft",
    key: "e",
    when: () => mayWrite() && hasDraft(),
    run: (number) => {
      const draft = card(number);
      showPane("chat");
      composer.edit(Number(draft.dataset.draft), draft.dataset.text);
    },
  },
  reject: { words: "Reject the draft", key: "x", when: () => mayWrite() && hasDraft(), run: reject },
  another: { words: "Ask for another draft", key: "i", when: () => mayWrite() && hasDraft(), run: another },
  attach: {
    words: "Attach files to the reply or the note",
    key: ";",
    when: mayWrite,
    run: () => {
      showPane("chat");
      files.choose();
    },
  },
  saved: {
    words: "Insert a saved reply",
    key: "v",
    when: mayWrite,
    run: () => {
      showPane("chat");
      composer.choose("reply");
      return help.saved();
    },
  },
  macros: {
    words: "Apply a macro",
    key: ",",
    when: mayWrite,
    run: () => {
      showPane("chat");
      return help.macros();
    },
  },
  passages: {
    words: "Insert a passage of the documents",
    key: "b",
    when: mayWrite,
    run: () => {
      showPane("chat");
      return help.passages();
    },
  },
  check: { words: "Check my words against the documents", key: "c", when: mayWrite, run: () => help.check(composer.textNow()) },
  reword: {
    words: "Reword my reply",
    key: "'",
    when: () => mayWrite() && desk.querySelector('[data-composer] [data-verb="reword"]') !== null,
    run: () => {
      if (composer.isEmpty()) throw new Error("Write something to reword first.");
      return help.wishes();
    },
  },
  summary: {
    words: "Summarise the conversation",
    key: "_",
    ...ticketVerb("summary"),
    run: () => {
      showPane("chat");
      return help.summary();
    },
  },
  later: { words: "Send my reply later", key: "l", when: mayWrite, run: later },
  undo: {
    words: "Take the last reply back",
    key: "u",
    when: () => mayChange,
    run: (id) => composer.undo(id && open ? { ticket: open.ticket, outgoing: id } : undefined),
  },
  "take-over": { words: "Take the conversation over", key: "t", ...ticketVerb("take-over"), run: takeOver },
  "give-back": { words: "Give it back to the bot", key: "g", ...ticketVerb("give-back"), run: () => act("give-back") },
  requeue: { words: "Put it back into the queue for a colleague", key: "y", ...ticketVerb("requeue"), run: () => act("requeue") },
  suggest: { words: "Ask the bot for a draft", key: ".", ...ticketVerb("suggest"), run: () => act("suggest") },
  "assign-next": { words: "Assign to whoever is free", ...ticketVerb("assign-next"), run: () => act("assign-next") },
  merge: {
    words: "Merge into another ticket of this customer",
    key: "+",
    ...ticketVerb("merge"),
    run: async () => {
      const into = await merge();
      if (into !== null) await openTicket(into);
    },
  },
  split: { words: "Split messages off into a new ticket", key: "-", ...ticketVerb("split"), run: split },
  link: { words: "Link another ticket", key: "=", ...ticketVerb("link"), run: link },
  rename: { words: "Rename the ticket", ...ticketVerb("rename"), run: rename },
  "assign-me": {
    words: "Assign to me",
    key: "m",
    ...ticketVerb("assign-me"),
    run: () => act("assign", { assignee: "me" }),
  },
  solve: { words: "Solve", key: "s", when: () => mayWrite() && hasStatus("solved"), run: () => setStatus("solved") },
  wait: {
    words: "Wait for the customer",
    key: "p",
    when: () => mayWrite() && hasStatus("pending"),
    run: () => setStatus("pending"),
  },
  hold: { words: "Put on hold", key: "h", when: () => mayWrite() && hasStatus("on_hold"), run: () => setStatus("on_hold") },
  reopen: {
    words: "Open again",
    key: "o",
    when: () => mayWrite() && (hasStatus("open") || hasStatus("reopened")),
    run: () => act("status", { status: hasStatus("reopened") ? "reopened" : "open" }),
  },
  snooze: { words: "Snooze", key: "z", ...ticketVerb("snooze"), run: snooze },
  wake: { words: "Wake up", key: "w", ...ticketVerb("wake"), run: () => act("wake") },
  follow: { words: "Follow, or not any more", key: "f", ...ticketVerb("follow"), run: () => act("follow") },
  ...Object.fromEntries(
    Object.entries({ Low: 10, Normal: 20, High: 30, Urgent: 40 }).map(([words, priority]) => [
      `priority-${priority}`,
      { words: `Priority: ${words}`, when: mayWrite, run: () => act("fields", { priority }) },
    ]),
  ),
  details: { words: "Show the details", key: "d", when: isOpen, run: () => showPane("side") },
  queue: {
    words: "Go to the queue",
    key: "q",
    when: () => true,
    run: () => {
      showPane("queue");
      desk.querySelector("[data-entries]").focus();
    },
  },
  // Without a key: buttons in panels, and what the palette adds.
  "drop-draft": { run: () => composer.dropDraft() },
  insert: { run: (_, button) => composer.insert(button.closest("li").querySelector("[data-passage]").textContent.trim()) },
  "reword-as": { run: (wish) => help.reword(composer.textNow(), wish) },
  "use-words": {
    run: () => {
      const words = help.written();
      help.hideHelp();
      composer.replace(words);
    },
  },
  "note-words": {
    run: () => {
      const words = help.written();
      composer.choose("note");
      composer.insert(words);
    },
  },
  "hide-help": {
    run: () => {
      help.hideHelp();
      composer.focus();
    },
  },
  forget: { run: forget },
  unlink: { run: unlink },
  untag: { run: (tag) => act("untag", { tag }) },
  apply: { run: apply },
};

/** What the button below the text does: send the reply, or add the note. */
export const submit = (kind) => (kind === "note" ? composer.addNote() : sendAndGoOn());

export const run = async (name, id, button) => {
  const verb = verbs[name];
  if (!verb || (verb.when && !verb.when())) return;
  try {
    await verb.run(id, button);
  } catch (error) {
    problem(error);
  }
};
