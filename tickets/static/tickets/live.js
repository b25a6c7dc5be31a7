// On every page of the admin: the numbers in the navigation and in the title, and the agents' lists,
// follow what happens. A socket says when to look; without it, the page looks from time to time.
"use strict";

(() => {
  const LISTS = ["ticket", "draft", "conversation"].map((model) => `model-${model}`);
  const APART_MS = 2000; // between two looks
  const ALONE_MS = 15_000; // between looks while no socket tells us
  const SAFETY_MS = 60_000; // while one does: a ring can be lost
  const LONGEST_RETRY_MS = 30_000;
  const FAR = "manual"; // a redirect is the page to sign in on

  const start = () => {
    const nav = document.getElementById("nav-sidebar-apps");
    const link = nav?.querySelector('a[href$="/tickets/ticket/"]');
    if (!link) return; // signed out, or not an agent
    const voice = document.createElement("p");
    voice.className = "sb-hidden";
    voice.setAttribute("role", "status");
    voice.setAttribute("aria-live", "polite");
    document.body.append(voice);
    const page = { title: document.title, link, tickets: numberAt(link), voice };
    showTitle(page);
    const look = spaced(() => lookAround(page), APART_MS);
    listen(look);
    document.addEventListener("visibilitychange", () => document.hidden || look());
  };

  const numberAt = (link) => Number(badgeOf(link)?.textContent ?? 0);
  const badgeOf = (link) => link.querySelector("[data-badge]");

  const lookAround = async (page) => {
    const response = await fetch(`${page.link.getAttribute("href")}waiting/`, { redirect: FAR });
    if (!response.ok) {
      const isOut = response.type === "opaqueredirect" || response.status === 403;
      if (isOut) page.voice.textContent = "You are signed out. Reload the page to sign in again.";
      return !isOut;
    }
    const counts = await response.json();
    for (const [address, count] of Object.entries(counts)) showCount(address, count);
    const before = page.tickets;
    page.tickets = counts[page.link.getAttribute("href")];
    showTitle(page);
    if (page.tickets > before) {
      const waiting = page.tickets === 1 ? "1 ticket is open" : `${page.tickets} tickets are open`;
      page.voice.textContent = `A customer is waiting for a person: ${waiting}.`;
    }
    document.dispatchEvent(new Event("desk:changed"));
    if (!document.hidden) await refreshList();
    return true;
  };

  const showCount = (address, count) => {
    const badge = badgeOf(document.querySelector(`#nav-sidebar-apps a[href="${address}"]`) ?? document.body);
    if (!badge) return;
    badge.textContent = count;
    badge.hidden = count === 0;
  };

  const showTitle = ({ title, tickets }) => {
    document.title = tickets ? `(${tickets}) ${title.trim()}` : title.trim();
  };

  // -- Lists ----------------------------------------------------------------------------------
  const refreshList = async () => {
    const isList = LISTS.some((name) => document.body.classList.contains(name));
    const form = isList && document.getElementById("changelist-form");
    if (!form) return;
    const response = await fetch(location.href, { redirect: FAR });
    if (!response.ok) return;
    const fresh = new DOMParser().parseFromString(await response.text(), "text/html");
    const [rows, newRows] = [form, fresh].map((from) => from.querySelector("#result_list"));
    document.querySelector(".sb-pages")?.replaceWith(fresh.querySelector(".sb-pages"));
    if (rows && newRows) replaceRows(rows, newRows);
    else if (rows || newRows) {
      form.replaceChildren(...fresh.getElementById("changelist-form").childNodes);
    }
  };

  const key = (row) => row.querySelector("a[href]")?.getAttribute("href");

  const replaceRows = (table, fresh) => {
    const known = new Map([...table.tBodies].map((row) => [key(row), row]));
    const focused = table.contains(document.activeElement) ? document.activeElement.getAttribute("href") : null;
    const rows = [...fresh.tBodies].map((row) => {
      const old = known.get(key(row));
      // One that says the same stays as it is, with what the reader has selected in it.
      if (old && bare(old) === bare(row)) return old;
      row.classList.add("sb-row--new");
      return document.importNode(row, true);
    });
    if (rows.length === known.size && rows.every((row, at) => row === table.tBodies[at])) return;
    [...table.tBodies].filter((row) => !rows.includes(row)).forEach((row) => row.remove());
    table.append(...rows);
    if (focused) table.querySelector(`a[href="${focused}"]`)?.focus({ preventScroll: true });
  };

  // What a row says, whatever the page has made of its times and marks.
  const bare = (row) => {
    const copy = row.cloneNode(true);
    copy.querySelectorAll("local-time, time").forEach((time) => {
      time.replaceWith(time.getAttribute("datetime"));
    });
    return copy.innerHTML.replaceAll(/\s+/g, " ");
  };

  // -- When to look ---------------------------------------------------------------------------
  // Runs `work` at once, or as soon as `apart` has passed since the last time; ends when it is false.
  const spaced = (work, apart) => {
    let [isBusy, isAsked, isOver] = [false, false, false];
    const run = async () => {
      if (isOver) return;
      isAsked = true;
      if (isBusy) return;
      isBusy = true;
      while (isAsked && !isOver) {
        isAsked = false;
        try {
          isOver = (await work()) === false;
        } catch {
          // offline or restarting: looked at again later
        }
        await new Promise((done) => setTimeout(done, apart));
      }
      isBusy = false;
    };
    return run;
  };

  const listen = (look) => {
    let [retry, isOpen, last] = [1000, false, Date.now()];
    const noted = () => {
      last = Date.now();
      look();
    };
    setInterval(() => {
      if (Date.now() - last >= (isOpen ? SAFETY_MS : ALONE_MS)) noted();
    }, ALONE_MS / 3);
    const connect = () => {
      const scheme = location.protocol === "https:" ? "wss:" : "ws:";
      const socket = new WebSocket(`${scheme}//${location.host}/ws/desk/`);
      socket.addEventListener("open", () => {
        [isOpen, retry] = [true, 1000];
        noted(); // whatever was missed meanwhile
      });
      socket.addEventListener("message", noted);
      socket.addEventListener("close", ({ code }) => {
        isOpen = false;
        if (code === 4401 || code === 4403) return; // refused: it will be so again
        // Not all pages at the same moment when the server comes back.
        setTimeout(connect, retry * (0.5 + Math.random()));
        retry = Math.min(retry * 2, LONGEST_RETRY_MS);
      });
    };
    connect();
  };

  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start);
  else start();
})();
