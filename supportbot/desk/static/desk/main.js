// The desk: brings its parts together.

import { listen, spaced } from "./bell.js";
import * as composer from "./composer.js";
import * as found from "./found.js";
import { Refusal, post } from "./net.js";
import * as notifications from "./notify.js";
import { showKeys, showPalette, startKeys } from "./palette.js";
import * as queue from "./queue.js";
import { problem, speak, toast } from "./say.js";
import { look, open, show, showPresence } from "./ticket.js";
import { openTicket, preferences, run, showPane, submit, verbs } from "./verbs.js";

const desk = document.querySelector("[data-desk]");
const NEWS_APART_MS = 150;
const QUEUE_APART_MS = 1000;

const lookAtTicket = spaced(look, NEWS_APART_MS);
const lookAtQueue = spaced(queue.refresh, QUEUE_APART_MS);
const fail = (error) => {
  if (error instanceof Refusal) problem(error);
};

verbs.palette = { run: showPalette };
verbs.help = { run: showKeys };
verbs.notify = { run: (_, button) => notifications.toggle(button) };

desk.addEventListener("click", (event) => {
  const button = event.target.closest("[data-verb]");
  if (button) {
    void run(button.dataset.verb, button.dataset.id, button);
    return;
  }
  const entry = event.target.closest("[data-number]");
  if (entry && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
    event.preventDefault();
    void openTicket(Number(entry.dataset.number));
  }
  const pane = event.target.closest("[data-pane-button]");
  if (pane) showPane(pane.dataset.paneButton);
});

// Forms in the panels: those of the desk, and those of other pages, whose redirect is not followed.
desk.addEventListener("submit", async (event) => {
  const form = event.target;
  if (form.matches("[data-composer], [data-search], [data-passages]") || form.method === "dialog") return;
  if (form.closest("dialog")) return;
  event.preventDefault();
  try {
    if (form.dataset.do) {
      const done = await post(`${open.ticket}/do/${form.dataset.do}/`, new FormData(form, event.submitter));
      toast(done.said);
    } else {
      const { postElsewhere } = await import("./net.js");
      await postElsewhere(form.action, new FormData(form, event.submitter));
      toast("Done.");
    }
    document.activeElement?.blur();
    await look();
  } catch (error) {
    problem(error);
  }
});

document.addEventListener("desk:open", ({ detail }) => openTicket(detail));
document.addEventListener("desk:opened", () => void lookAtQueue());
addEventListener("popstate", () => {
  const number = Number(location.pathname.match(/(\d+)\/$/)?.[1]);
  if (number) void openTicket(number, { isBack: true });
  else showPane("queue");
});
addEventListener("online", () => void lookAtTicket());
document.addEventListener("visibilitychange", () => {
  if (document.hidden) return;
  void lookAtTicket();
  void lookAtQueue();
});

const keys = desk.querySelector("[data-preferences]");
keys.addEventListener("change", async () => {
  const chosen = new FormData(keys);
  preferences.opensNext = chosen.has("opens_next");
  preferences.hasKeys = chosen.has("has_keys");
  try {
    const done = await post("preferences/", chosen);
    speak(done.said);
  } catch (error) {
    problem(error);
  }
});
notifications.name(keys.querySelector('[data-verb="notify"]'));

startKeys();
queue.start(fail);
found.start();
composer.start(async (kind) => {
  try {
    await submit(kind);
  } catch (error) {
    problem(error);
  }
});
showPane(desk.dataset.pane);
const opened = document.getElementById("desk-opened");
if (opened) {
  const described = JSON.parse(opened.textContent);
  show(described);
  queue.mark(described.ticket);
}
listen({
  changed: (conversation) => {
    void lookAtQueue();
    if (conversation === null || conversation === open?.conversation) void lookAtTicket();
  },
  presence: showPresence,
});
