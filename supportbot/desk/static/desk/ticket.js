// The open ticket: its conversation, its panels, and what is new in them.

import { watch } from "./bell.js";
import { get } from "./net.js";
import { speak } from "./say.js";

const desk = document.querySelector("[data-desk]");
const items = desk.querySelector("[data-items]");
const scroll = desk.querySelector("[data-scroll]");
const main = desk.querySelector("[data-main]");
const earlier = desk.querySelector("[data-earlier]");

/** The open ticket as the server described it, with what the page knows of it; null for none. */
export let open = null;

const atEnd = () => scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < 60;
const toEnd = () => {
  scroll.scrollTop = scroll.scrollHeight;
};

// Who reads the newest words goes on doing so when the box below grows.
let staysAtEnd = true;
scroll.addEventListener("scroll", () => (staysAtEnd = atEnd()));
new ResizeObserver(() => staysAtEnd && toEnd()).observe(scroll);

// A panel in which the agent is typing or choosing is drawn once they have left it.
const postponed = new Map();
const isInUse = (panel) => panel.contains(document.activeElement) && document.activeElement.matches("input, select, textarea");

const drawPanel = (name, { state, html }) => {
  const panel = desk.querySelector(`[data-panel="${name}"]`);
  if (isInUse(panel)) {
    postponed.set(name, { state, html });
    return;
  }
  const focused = panel.contains(document.activeElement) ? document.activeElement.dataset.verb : null;
  const unfolded = [...panel.querySelectorAll("details[open] > summary")].map((one) => one.textContent);
  panel.innerHTML = html;
  for (const summary of panel.querySelectorAll("details > summary")) {
    if (unfolded.includes(summary.textContent)) summary.parentElement.open = true;
  }
  if (focused) panel.querySelector(`[data-verb="${focused}"]`)?.focus({ preventScroll: true });
  open.panels[name] = state;
};

desk.addEventListener("focusout", () => {
  setTimeout(() => {
    for (const [name, drawn] of postponed) {
      postponed.delete(name);
      drawPanel(name, drawn);
    }
  });
});

const drawPanels = (panels) => {
  for (const [name, drawn] of Object.entries(panels)) drawPanel(name, drawn);
  countDown();
  const drafts = desk.querySelectorAll("[data-panel=drafts] [data-draft]").length;
  const words = drafts === 1 ? "1 draft" : `${drafts} drafts`;
  desk.querySelector("[data-pane-button=side]").textContent = drafts ? `Details (${words})` : "Details";
};

const drafts = () => new Set([...desk.querySelectorAll("[data-panel=drafts] [data-draft]")].map((one) => one.dataset.draft));

const dayOf = (element) => new Date(element.dataset.at).toDateString();
const inWords = (element) =>
  new Date(element.dataset.at).toLocaleDateString("en-GB", { weekday: "long", day: "numeric", month: "long" });

const separateDays = () => {
  let day = "";
  for (const one of [...items.children]) {
    if (one.matches("[data-day]")) {
      one.remove();
      continue;
    }
    if (dayOf(one) === day) continue;
    day = dayOf(one);
    const line = document.createElement("li");
    line.className = "dk-day";
    line.dataset.day = day;
    line.textContent = day === new Date().toDateString() ? "Today" : inWords(one);
    one.before(line);
  }
};

const announce = (one) => {
  if (!one.matches(".sb-message")) return;
  const who = one.querySelector("header strong").textContent;
  const kind = one.matches(".dk-note") ? " wrote a note" : "";
  speak(`${who}${kind}: ${one.querySelector(".sb-bubble").textContent.trim()}`);
};

const append = (drawn, isNews) => {
  for (const html of drawn) {
    items.insertAdjacentHTML("beforeend", html);
    const one = items.lastElementChild;
    if (one.id && [...items.children].some((other) => other !== one && other.id === one.id)) {
      one.remove();
      continue;
    }
    if (!isNews) continue;
    if (one.matches(".sb-message")) one.classList.add("sb-message--new");
    announce(one);
  }
  separateDays();
};

/** Show a ticket that the server has described. */
export const show = (described) => {
  open = { ...described, panels: {} };
  postponed.clear();
  main.removeAttribute("data-is-empty");
  items.replaceChildren();
  append(described.items, false);
  earlier.hidden = !described.earlier;
  drawPanels(described.panels);
  toEnd();
  watch(described.conversation);
  void showSimilar(described.ticket);
  document.title = `${described.title} | ${desk.dataset.title}`;
  document.dispatchEvent(new CustomEvent("desk:opened", { detail: open }));
};

/** Comes by itself, as it may take a moment. */
const showSimilar = async (ticket) => {
  const panel = desk.querySelector("[data-similar]");
  panel.replaceChildren();
  try {
    const { html } = await get(`${ticket}/similar/`);
    if (open.ticket === ticket) panel.innerHTML = html;
  } catch {
    // the ticket can be worked on without
  }
};

let wanted = 0;
export const load = async (number) => {
  wanted = number;
  main.setAttribute("aria-busy", "true");
  try {
    const described = await get(`${number}/open/`);
    if (wanted === number) show(described); // another was chosen while this one came
  } finally {
    if (wanted === number) main.removeAttribute("aria-busy");
  }
};

earlier.addEventListener("click", async () => {
  const height = scroll.scrollHeight - scroll.scrollTop;
  const described = await get(`${open.ticket}/open/`, { all: "yes" });
  show(described);
  scroll.scrollTop = scroll.scrollHeight - height;
});

/** Bring in what has happened since. One look after another: two that ask from the same marks would
 *  both bring the same. */
export const look = () => {
  const before = looking;
  looking = before.catch(() => {}).then(lookOnce); // whoever asked before was told of its error
  return looking;
};

let looking = Promise.resolve();
const lookOnce = async () => {
  const shown = open;
  if (shown === null) return;
  const { ticket, seq, entry, note, panels } = shown;
  const news = await get(`${ticket}/news/`, { seq, entry, note, seen: document.hidden ? "" : "yes", ...panels });
  if (open !== shown) return; // another one is open by now, or this one anew
  const stays = atEnd();
  Object.assign(open, { seq: news.seq, entry: news.entry, note: news.note, closed: news.closed });
  append(news.items, true);
  const before = drafts();
  drawPanels(news.panels);
  if ([...drafts()].some((draft) => !before.has(draft))) speak("The bot has written a draft.");
  if (stays) toEnd();
  if (news.items.length) document.dispatchEvent(new CustomEvent("desk:news", { detail: news }));
};

// Replies on their way count down; the server alone decides when they go.
const countDown = () => {
  for (const reply of desk.querySelectorAll("[data-due]")) {
    const seconds = Math.ceil((new Date(reply.dataset.due) - Date.now()) / 1000);
    reply.querySelector("[data-left]").textContent = seconds > 0 ? `in ${seconds} s` : "now";
    const undo = reply.querySelector('[data-verb="undo"]');
    if (undo && seconds <= 0) undo.disabled = true;
  }
};
setInterval(countDown, 500);

const typing = desk.querySelector("[data-typing]");
const presence = desk.querySelector("[data-presence]");
let typingEnds = 0;
/** Who else looks at the conversation, and who types. */
export const showPresence = ({ conversation, people, customer_types: customerTypes }) => {
  if (open?.conversation !== conversation) return;
  const stays = atEnd();
  typing.hidden = !customerTypes;
  if (stays && customerTypes) toEnd();
  clearTimeout(typingEnds);
  if (customerTypes) typingEnds = setTimeout(() => (typing.hidden = true), 6000);
  const says = { "": "is looking at this ticket", reply: "is writing a reply", note: "is writing a note" };
  const text = people.map(({ name, typing: kind }) => `${name} ${says[kind]}.`).join(" ");
  if (presence.textContent !== text) presence.textContent = text;
};
