// The queue: views, search, entries, and going up and down in them.

import { get } from "./net.js";

const desk = document.querySelector("[data-desk]");
const list = desk.querySelector("[data-entries]");
const views = desk.querySelector("[data-views]");
const more = desk.querySelector("[data-more]");
const notices = desk.querySelector("[data-notices]");
const search = desk.querySelector("[data-search]");

const asked = Object.fromEntries(new URLSearchParams(location.search));
let pages = 1;

const entries = () => [...list.querySelectorAll("[data-number]")];
const numberOf = (entry) => Number(entry.dataset.number);
export const opened = () => numberOf(list.querySelector("[aria-current]") ?? { dataset: {} }) || null;
export const query = () => new URLSearchParams(Object.entries(asked).filter(([, value]) => value)).toString();

/** What is searched for; "" for a view. */
export const words = () => asked.q ?? "";

let isOpen = null;
export const mark = (number) => {
  isOpen = number;
  for (const entry of entries()) {
    if (numberOf(entry) === number) entry.setAttribute("aria-current", "true");
    else entry.removeAttribute("aria-current");
  }
};

/** The ticket below (1) or above (-1) the open one; where it is not in the list, the first. */
export const beside = (step) => {
  const numbers = entries().map(numberOf);
  const at = numbers.indexOf(isOpen);
  if (at < 0) return numbers[0] ?? null;
  return numbers[at + step] ?? null;
};

export const has = (number) => entries().some((entry) => numberOf(entry) === number);

/** What comes after the open ticket once that has left the list. */
export const following = () => beside(1) ?? beside(-1);

const draw = (found) => {
  const focused = list.contains(document.activeElement) ? document.activeElement.dataset.number : null;
  const view = views.contains(document.activeElement) ? document.activeElement.dataset.view : null;
  if (!views.contains(document.activeElement) || view) {
    views.innerHTML = found.views;
    if (view) views.querySelector(`[data-view="${view}"]`)?.focus({ preventScroll: true });
  }
  if (!notices.contains(document.activeElement)) {
    const isUnfolded = notices.querySelector("details")?.open;
    notices.innerHTML = found.notices;
    if (isUnfolded && notices.firstElementChild) notices.firstElementChild.open = true;
  }
  const at = list.scrollTop;
  list.innerHTML = found.entries;
  list.scrollTop = at;
  more.hidden = !found.more;
  mark(isOpen);
  since();
  if (focused) list.querySelector(`[data-number="${focused}"]`)?.focus({ preventScroll: true });
};

/** Draw it anew, with as many pages as are shown. */
export const refresh = async () => {
  const before = query();
  const found = await get("queue/", asked);
  const shown = pages;
  let [html, isMore] = [found.entries, found.more];
  for (let page = 2; page <= shown && isMore; page += 1) {
    const next = await get("queue/", { ...asked, page });
    html += next.entries;
    isMore = next.more;
  }
  if (before !== query()) return; // another view was chosen meanwhile
  draw({ ...found, entries: html, more: isMore });
  const { title } = desk.dataset;
  document.title = `${found.waiting ? `(${found.waiting}) ` : ""}${document.title.replace(/^\(\d+\) /, "") || title}`;
  document.dispatchEvent(new CustomEvent("desk:waiting", { detail: found.waiting }));
};

const choose = async (changes) => {
  Object.assign(asked, changes);
  pages = 1;
  list.setAttribute("aria-busy", "true");
  try {
    await refresh();
    history.replaceState(null, "", `${location.pathname}?${query()}`);
  } finally {
    list.removeAttribute("aria-busy");
  }
};

export const chooseView = (key) => {
  search.elements.q.value = "";
  return choose({ view: key, q: "" });
};
export const viewKeys = () => [...views.querySelectorAll("[data-view]")].map((one) => one.dataset.view);

/** How long a customer has waited, as time goes by. */
const since = () => {
  for (const time of list.querySelectorAll("[data-since]")) {
    const minutes = Math.floor((Date.now() - new Date(time.getAttribute("datetime"))) / 60_000);
    const [value, unit] =
      minutes < 60 ? [Math.max(minutes, 0), "min"] : minutes < 2880 ? [Math.floor(minutes / 60), "h"] : [Math.floor(minutes / 1440), "days"];
    time.textContent = `${value} ${unit}`;
  }
};

export const start = (fail) => {
  const quietly = (work) => work.catch(fail);
  since();
  setInterval(since, 30_000);
  views.addEventListener("click", (event) => {
    const link = event.target.closest("[data-view]");
    if (!link || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    quietly(chooseView(link.dataset.view));
  });
  views.addEventListener("change", (event) => {
    if (event.target.matches("[data-team]")) quietly(choose({ team: event.target.value }));
  });
  let waiting = 0;
  search.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(() => quietly(choose({ q: search.elements.q.value.trim() })), 250);
  });
  search.addEventListener("submit", (event) => {
    event.preventDefault();
    clearTimeout(waiting);
    quietly(choose({ q: search.elements.q.value.trim() }).then(() => entries()[0]?.focus()));
  });
  more.addEventListener("click", () => {
    pages += 1;
    quietly(refresh());
  });
};
