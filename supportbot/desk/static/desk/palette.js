// Keys, the list of keys, and the palette that finds every command.

import { hideHelp } from "./help.js";
import * as queue from "./queue.js";
import { preferences, run, verbs } from "./verbs.js";

const desk = document.querySelector("[data-desk]");
const palette = desk.querySelector("[data-palette]");
const field = desk.querySelector("[data-command]");
const list = desk.querySelector("[data-commands]");
const keys = desk.querySelector("[data-keys]");

const line = (tag, text) => Object.assign(document.createElement(tag), { textContent: text });

// -- The palette --------------------------------------------------------------------------------
const commands = () => [
  ...Object.entries(verbs)
    .filter(([, verb]) => verb.words && verb.when())
    .map(([name, verb]) => ({ words: verb.words, key: verb.key, run: () => run(name) })),
  ...[...desk.querySelectorAll("[data-views] [data-view]")].map((link) => ({
    words: `View: ${link.firstChild.textContent.trim()}`,
    key: "",
    run: () => queue.chooseView(link.dataset.view),
  })),
  { words: "Keys and preferences", key: "?", run: () => showKeys() },
  { words: "Dashboard", key: "", run: () => location.assign(desk.querySelector(".dk-home").href) },
];

let found = [];
let chosen = 0;

const draw = () => {
  const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
  found = commands().filter((one) => words.every((word) => one.words.toLowerCase().includes(word)));
  chosen = Math.min(chosen, Math.max(found.length - 1, 0));
  list.replaceChildren(
    ...found.map((one, at) => {
      const item = line("li", one.words);
      item.id = `dk-command-${at}`;
      item.setAttribute("role", "option");
      item.setAttribute("aria-selected", at === chosen);
      if (one.key) item.append(line("kbd", one.key));
      item.addEventListener("click", () => take(at));
      return item;
    }),
  );
  if (!found.length) {
    const nothing = line("li", "No command has these words.");
    nothing.setAttribute("role", "option");
    nothing.setAttribute("aria-disabled", "true");
    list.append(nothing);
  }
  if (found.length) field.setAttribute("aria-activedescendant", `dk-command-${chosen}`);
  else field.removeAttribute("aria-activedescendant");
  list.children[chosen]?.scrollIntoView({ block: "nearest" });
};

const take = (at) => {
  const command = found[at];
  palette.close();
  command?.run();
};

export const showPalette = () => {
  field.value = "";
  chosen = 0;
  draw();
  palette.showModal();
  field.focus();
};

field.addEventListener("input", () => {
  chosen = 0;
  draw();
});
field.addEventListener("keydown", (event) => {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (step && found.length) {
    event.preventDefault();
    chosen = (chosen + step + found.length) % found.length;
    draw();
  } else if (event.key === "Enter") {
    event.preventDefault();
    take(chosen);
  }
});
palette.addEventListener("click", (event) => event.target === palette && palette.close());

// -- The list of keys ---------------------------------------------------------------------------
export const showKeys = () => {
  const shown = [
    ...Object.values(verbs)
      .filter((verb) => verb.key)
      .map((verb) => [verb.key, verb.words]),
    ["1–9", "Choose a view"],
    ["Ctrl Enter", "Send what you have written"],
    ["Ctrl K", "Find any command"],
    ["Esc", "Leave the text; close what is open"],
    ["?", "This list"],
  ];
  desk.querySelector("[data-key-list]").replaceChildren(
    ...shown.map(([key, words]) => {
      const row = document.createElement("div");
      const name = document.createElement("dt");
      name.append(line("kbd", key));
      row.append(name, line("dd", words));
      return row;
    }),
  );
  keys.showModal();
};

// -- Keys ---------------------------------------------------------------------------------------
// A dialog that has just closed keeps the focus in its hidden field for a moment: nobody writes there.
const isWriting = (target) =>
  target.closest?.("input, textarea, select, [contenteditable]")?.checkVisibility() ?? false;
const byKey = () => new Map(Object.entries(verbs).map(([name, verb]) => [verb.key, name]));

const single = (event) => {
  if (/^[1-9]$/.test(event.key)) {
    const view = queue.viewKeys()[Number(event.key) - 1];
    if (view) void queue.chooseView(view);
    return Boolean(view);
  }
  if (event.key === "?") {
    showKeys();
    return true;
  }
  const name = byKey().get(event.key);
  if (!name || !verbs[name].when()) return false;
  void run(name);
  return true;
};

export const startKeys = () => {
  // Before the admin's own search, which listens to the same keys.
  window.addEventListener(
    "keydown",
    (event) => {
      if (event.isComposing || event.altKey) return;
      if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") {
        event.preventDefault();
        event.stopImmediatePropagation();
        if (!document.querySelector("dialog[open]")) showPalette();
        return;
      }
      if (event.ctrlKey || event.metaKey || document.querySelector("dialog[open]")) return;
      if (event.key === "Escape") {
        if (!hideHelp() && isWriting(event.target)) event.target.blur();
        return;
      }
      if (!preferences.hasKeys || isWriting(event.target)) return;
      if (single(event)) {
        event.preventDefault();
        event.stopImmediatePropagation();
      }
    },
    true,
  );
};
