// Keeps the status of web sources up to date while their pages are being fetched.
"use strict";

(() => {
  const start = () => {
    const root = document.querySelector("[data-web-progress]");
    const cells = [...document.querySelectorAll("[data-web-source]")];
    if (!root || !cells.length) return;
    const line = root.querySelector("[role=status]");
    const ids = cells.map((cell) => cell.dataset.webSource).join(",");
    const drawn = new Map();
    let wasBusy = false;

    const show = ({ sources, running }) => {
      for (const cell of cells) {
        const html = sources[cell.dataset.webSource];
        // The HTML is the server's own template, the same that drew the page.
        if (html !== undefined && drawn.get(cell) !== html) cell.innerHTML = html;
        drawn.set(cell, html);
      }
      const busy = running > 0;
      for (const form of document.querySelectorAll("[data-web-when]")) {
        form.hidden = (form.dataset.webWhen === "running") !== busy;
      }
      const text = busy
        ? `${running} ${running === 1 ? "source is" : "sources are"} being fetched…`
        : wasBusy ? `All pages have been fetched. ${root.dataset.done ?? ""}`.trim() : "";
      if (line.textContent !== text) line.textContent = text;
      wasBusy = wasBusy || busy;
      return busy;
    };

    window.supportbotPoll(() => `${root.dataset.webProgress}?ids=${ids}`, line, show);
  };

  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start);
  else start();
})();
