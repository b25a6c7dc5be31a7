// A ticket's page: keeps what is typed, names the button by what it does, and brings in news
// whenever tickets/live.js says that something has changed.
"use strict";

(() => {
  const start = () => {
    const chat = document.querySelector("[data-chat]");
    if (chat) chat.scrollTop = chat.scrollHeight;
    const desk = document.querySelector("[data-news]");
    if (!desk) return;
    const box = desk.querySelector("[data-news-box]");
    desk.querySelectorAll("[data-send]").forEach(prepare);
    watch(desk, chat, box);
  };

  // A reply being written survives a reload, and pressing any other button of the page.
  const prepare = (form) => {
    const text = form.querySelector("textarea");
    const button = [...form.elements].find((element) => element.localName === "button");
    const { keep, original } = text.dataset;
    const normal = (value) => value.replaceAll("\r\n", "\n").trim();

    const refresh = () => {
      const edited = normal(text.value) !== normal(original);
      if (edited) sessionStorage.setItem(keep, text.value);
      else sessionStorage.removeItem(keep);
      if (original && button.dataset.changed) {
        button.textContent = edited ? button.dataset.changed : button.dataset.unchanged;
      }
      button.disabled = normal(text.value) === "";
    };

    const kept = sessionStorage.getItem(keep);
    if (kept !== null && normal(text.value) === normal(original)) {
      text.value = kept;
    }
    text.addEventListener("input", refresh);
    text.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && !button.disabled) {
        event.preventDefault();
        form.requestSubmit(button);
      }
    });
    form.addEventListener("submit", (event) => {
      // A second press must not send a second reply.
      if (form.dataset.sent) event.preventDefault();
      form.dataset.sent = "yes";
      button.disabled = true;
      sessionStorage.removeItem(keep);
    });
    window.addEventListener("pageshow", (event) => {
      if (!event.persisted) return;
      delete form.dataset.sent;
      refresh();
    });
    refresh();
  };

  const watch = (desk, chat, box) => {
    const drafts = desk.querySelector("[data-drafts]");
    const cards = () => [...drafts.querySelectorAll("[data-draft]")];
    const numberOf = (card) => Number(card.dataset.draft);
    let after = desk.dataset.after;
    let said = "";
    let arrived = 0;

    const say = (text, link, href = location.pathname) => {
      if (text === said) return;
      said = text;
      box.textContent = text;
      if (link) {
        const anchor = document.createElement("a");
        anchor.href = href;
        anchor.textContent = link;
        box.append(anchor);
      }
    };

    const append = (messages) => {
      const atEnd = chat.scrollHeight - chat.scrollTop - chat.clientHeight < 40;
      if (messages.length) chat.querySelector("[data-empty]")?.remove();
      for (const html of messages) {
        // Drawn by the server with the template that drew the page.
        chat.insertAdjacentHTML("beforeend", html);
        const item = chat.lastElementChild;
        const twin = [...chat.children].find((other) => other !== item && other.id === item.id);
        if (twin) item.remove();
        else item.classList.add("sb-message--new");
      }
      if (atEnd) chat.scrollTop = chat.scrollHeight;
    };

    // Below the drafts that are there, so that nothing moves under the agent's hands.
    const add = (drawn) => {
      for (const html of drawn) {
        drafts.insertAdjacentHTML("beforeend", html);
        drafts.lastElementChild.querySelectorAll("[data-send]").forEach(prepare);
      }
    };

    // A draft that is decided goes, unless the agent has put work into it: then the agent is told.
    const removeDecided = (waiting) => {
      let isKept = false;
      const gone = cards().filter((card) => !waiting.has(numberOf(card)));
      for (const card of gone) {
        const text = card.querySelector("textarea");
        const isEdited = text && text.value.trim() !== text.dataset.original.trim();
        if (isEdited) isKept = true;
        else card.remove();
      }
      return { isGone: gone.length > 0, isKept };
    };

    // A colleague has taken over, or changed the ticket. Not while the agent is at one of its buttons.
    const drawSide = (news) => {
      const side = desk.querySelector("[data-side]");
      if (side.dataset.side === news.side_state || side.contains(document.activeElement)) return;
      side.insertAdjacentHTML("afterend", news.side);
      side.remove();
    };

    const show = (news) => {
      after = news.seq;
      append(news.messages);
      drawSide(news);
      const { isGone, isKept } = removeDecided(new Set(news.drafts));
      add(news.cards);
      if (isKept) say("The draft that you are editing is decided already. Copy your words if you need them.", "Reload");
      else if (news.cards.length) say("The bot has written a new draft.", "Show", `#${cards().at(-1).id}`);
      else if (isGone) say("A draft of this ticket is decided.", "Reload");
      else if (news.messages.length) {
        arrived += news.messages.length;
        say(arrived === 1 ? "1 new message." : `${arrived} new messages.`);
      }
    };

    let isLooking = false;
    const look = async () => {
      if (isLooking) return;
      isLooking = true;
      try {
        const known = new URLSearchParams({
          after,
          shown: cards().map(numberOf).join(","),
          seen: document.hidden ? "" : "yes",
        });
        const response = await fetch(`${desk.dataset.news}?${known}`, { redirect: "manual" });
        if (response.ok) show(await response.json());
        else say("News cannot be shown; you may have to sign in again.", "Reload");
      } catch {
        // offline or restarting: the next look tries again
      } finally {
        isLooking = false;
      }
    };
    document.addEventListener("desk:changed", look);
  };

  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start);
  else start();
})();
