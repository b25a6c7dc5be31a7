// The agent's page: keeps what is typed, names the button by what it does, and brings in news.
"use strict";

(() => {
  const EVERY_MS = 3000;
  const HIDDEN_EVERY_MS = 15000;

  const start = () => {
    const desk = document.querySelector("[data-news]");
    if (!desk) return;
    const chat = desk.querySelector("[data-chat]");
    const box = desk.querySelector("[data-news-box]");
    chat.scrollTop = chat.scrollHeight;
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
      const details = form.closest("details");
      if (details) details.open = true;
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
    const shown = new Set(
      [...desk.querySelectorAll("[data-draft]")].map((card) => Number(card.dataset.draft)),
    );
    let after = desk.dataset.after;
    let said = "";

    const say = (text, link) => {
      if (text === said) return;
      said = text;
      box.hidden = !text;
      box.textContent = text;
      if (text && link) {
        const anchor = document.createElement("a");
        anchor.href = location.pathname;
        anchor.textContent = link;
        box.append(anchor);
      }
    };

    const append = (messages) => {
      const atEnd = chat.scrollHeight - chat.scrollTop - chat.clientHeight < 40;
      chat.querySelector("[data-empty]")?.remove();
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

    const show = (news) => {
      after = news.seq;
      append(news.messages);
      desk.querySelector("[data-status]").textContent = news.status;
      const waiting = new Set(news.drafts);
      const isNew = news.drafts.some((draft) => !shown.has(draft));
      const isGone = [...shown].some((draft) => !waiting.has(draft));
      if (isGone) say("A colleague has decided a draft of this ticket.", "Show");
      else if (isNew) say("The bot has written a new draft.", "Show");
      else if (news.messages.length) {
        const count = news.messages.length;
        say(count === 1 ? "1 new message." : `${count} new messages.`);
      }
    };

    const look = async () => {
      try {
        const url = `${desk.dataset.news}?after=${after}`;
        const response = await fetch(url, { redirect: "manual" });
        if (!response.ok) {
          say("News cannot be shown; you may have to sign in again.", "Reload");
          return;
        }
        show(await response.json());
      } catch {
        // offline or restarting: the next look tries again
      }
      setTimeout(look, document.hidden ? HIDDEN_EVERY_MS : EVERY_MS);
    };
    setTimeout(look, EVERY_MS);
  };

  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start);
  else start();
})();
