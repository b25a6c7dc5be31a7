// What helps to write: shown above the buttons of the box, until it is used or left.

import { get, post } from "./net.js";
import { problem } from "./say.js";
import { open } from "./ticket.js";

const help = document.querySelector("[data-help]");

const showHelp = (html) => {
  help.innerHTML = html;
  help.hidden = false;
  help.scrollIntoView({ block: "nearest" });
};
export const hideHelp = () => {
  if (!help || help.hidden) return false;
  help.hidden = true;
  help.replaceChildren();
  return true;
};

const busily = async (work) => {
  const { ticket } = open;
  help.setAttribute("aria-busy", "true");
  showHelp('<p class="sb-muted">One moment…</p>');
  try {
    const { html } = await work();
    if (open.ticket === ticket) showHelp(html);
  } catch (error) {
    hideHelp();
    problem(error);
  } finally {
    help.removeAttribute("aria-busy");
  }
};

export const saved = () => busily(() => get(`${open.ticket}/saved/`));
export const macros = () => busily(() => get(`${open.ticket}/macros/`));
export const check = (text) => busily(() => post(`${open.ticket}/check/`, { text }));
export const summary = () => busily(() => post(`${open.ticket}/summary/`));

/** How to reword the text, and then the text reworded that way. */
export const wishes = async () => {
  await busily(() => get(`${open.ticket}/reword/`));
  help.querySelector("button")?.focus();
};
export const reword = async (text, wish) => {
  await busily(() => post(`${open.ticket}/reword/`, { text, wish }));
  help.querySelector("button")?.focus();
};
/** What a model has written there. */
export const written = () => help.querySelector("[data-written]").textContent.trim();

export const passages = async (words = "") => {
  await busily(() => get(`${open.ticket}/passages/`, { q: words }));
  help.querySelector("input")?.focus();
};

help?.addEventListener("submit", (event) => {
  event.preventDefault();
  event.stopPropagation();
  void passages(event.target.elements.q.value);
});
