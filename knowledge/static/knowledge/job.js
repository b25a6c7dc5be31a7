// Keeps the page of a bulk job up to date until it is finished.
"use strict";

(() => {
  const EVERY_MS = 1000;
  const box = document.querySelector("[data-job]");
  if (!box || "finished" in box.dataset) return;

  const look = async () => {
    let wait = EVERY_MS;
    try {
      const headers = { Accept: "application/json" };
      const response = await fetch(box.dataset.job, { headers, redirect: "manual" });
      if (!response.ok) {
        box.querySelector("[role=status]").textContent =
          "Progress cannot be shown. Reload the page; you may have to sign in.";
        return;
      }
      const { finished, html } = await response.json();
      box.innerHTML = html; // the server's own template
      if (finished) {
        document.title = document.title.replace(/^[^|]*/, `${box.querySelector("h2").textContent} `);
        return;
      }
    } catch {
      wait = 5 * EVERY_MS; // offline or restarting
    }
    setTimeout(look, wait);
  };
  setTimeout(look, EVERY_MS);
})();
