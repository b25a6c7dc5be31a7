// Files that go with what the agent writes: chosen, dropped or pasted; kept on the server until sent.

import { post } from "./net.js";
import { problem, speak, toast } from "./say.js";
import { open } from "./ticket.js";

const desk = document.querySelector("[data-desk]");
const form = desk.querySelector("[data-composer]");
const find = (name) => form.querySelector(`[data-${name}]`);

let kind = "reply";
let known = { reply: [], note: [], hint: "", reaches: false };
let adding = Promise.resolve();

const row = (file) => {
  const item = document.createElement("li");
  const link = Object.assign(document.createElement("a"), { href: file.url, textContent: file.name, className: "sb-link" });
  const size = Object.assign(document.createElement("span"), { className: "sb-muted", textContent: ` ${file.size} ` });
  const remove = Object.assign(document.createElement("button"), { type: "button", textContent: "✕" });
  remove.setAttribute("aria-label", `Remove ${file.name}`);
  remove.addEventListener("click", () => void take(file));
  item.append(link, size, remove);
  return item;
};

const draw = () => {
  const files = known[kind] ?? [];
  find("files").hidden = files.length === 0;
  find("file-list").replaceChildren(...files.map(row));
  find("file-hint").textContent = kind === "reply" ? known.hint : "Only colleagues see the files of a note.";
};

const take = async (file) => {
  try {
    const done = await post(`${open.ticket}/do/remove-file/`, { file: file.id });
    show(done.files);
    speak(done.said);
    form.querySelector("[data-text]").focus();
  } catch (error) {
    problem(error);
  }
};

/** What the server says of the ticket's files. */
export const show = (described) => {
  known = described;
  draw();
};

export const showKind = (wanted) => {
  kind = wanted;
  draw();
};

/** They went with what was sent. */
export const sent = (ofKind) => show({ ...known, [ofKind]: [] });

const add = async (files) => {
  const { ticket } = open;
  const data = new FormData();
  data.set("kind", kind);
  for (const file of files) data.append("file", file);
  const leave = toast("Adding the files…", { seconds: 120 });
  try {
    const done = await post(`${ticket}/files/`, data);
    if (open.ticket === ticket) show(done.files);
    if (done.problem) toast(done.problem, { isProblem: true, seconds: 10 });
    else speak(files.length === 1 ? "The file is added." : "The files are added.");
  } catch (error) {
    problem(error);
  } finally {
    leave();
  }
};

const addAll = (files) => {
  if (!files.length || !open) return;
  if (kind === "reply" && !known.reaches) {
    toast(known.hint, { isProblem: true, seconds: 10 });
    return;
  }
  const chosen = [...files]; // the browser empties its own list
  adding = adding.then(() => add(chosen));
};

/** Resolves once what was chosen is on the server: nothing is sent before. */
export const added = () => adding;

export const choose = () => {
  if (kind === "reply" && !known.reaches) {
    toast(known.hint, { isProblem: true, seconds: 10 });
    return;
  }
  // Not in the page, where the admin's own script would dress it up.
  const field = Object.assign(document.createElement("input"), { type: "file", multiple: true });
  field.addEventListener("change", () => addAll(field.files));
  field.click();
};

export const start = () => {
  form.addEventListener("paste", (event) => {
    if (!event.clipboardData.files.length) return;
    event.preventDefault();
    addAll(event.clipboardData.files);
  });
  form.addEventListener("dragover", (event) => {
    if ([...event.dataTransfer.types].includes("Files")) event.preventDefault();
  });
  form.addEventListener("drop", (event) => {
    if (!event.dataTransfer.files.length) return;
    event.preventDefault();
    addAll(event.dataTransfer.files);
  });
};
