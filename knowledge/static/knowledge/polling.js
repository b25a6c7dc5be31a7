// Asks the server how far it is, again and again, for as long as the page is open.
"use strict";

(() => {
  const EVERY_MS = 2000;
  const IDLE_EVERY_MS = 15000; // what was begun in another tab, or by a colleague, shows up too

  // `address` gives the URL; `show` draws an answer and says whether something is under way.
  window.supportbotPoll = (address, line, show) => {
    const look = async () => {
      let wait = EVERY_MS;
      try {
        const response = await fetch(address(), { redirect: "manual" });
        if (!response.ok) {
          line.textContent = "Progress cannot be shown. Reload the page; you may have to sign in.";
          return;
        }
        wait = show(await response.json()) ? EVERY_MS : IDLE_EVERY_MS;
      } catch {
        wait = IDLE_EVERY_MS; // offline or restarting: try again later
      }
      setTimeout(look, document.hidden ? IDLE_EVERY_MS : wait);
    };
    look();
  };
})();
