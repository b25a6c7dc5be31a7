// Keeps the cells of documents and versions up to date while something is being read.
"use strict";

(() => {
  const MOST = 200; // asked about in one request

  const start = () => {
    const root = document.querySelector("[data-progress]");
    if (!root) return;
    const line = root.querySelector("[role=status]");
    let wasBusy = false;
    const drawn = new Map();

    const ids = (attribute) => {
      const found = document.querySelectorAll(`[data-${attribute}]`);
      return [...new Set([...found].map((cell) => cell.dataset[attribute]))].slice(0, MOST).join(",");
    };

    // The HTML is the server's own template, the same that drew the page.
    const draw = (selector, html) => {
      const cell = document.querySelector(selector);
      if (cell && drawn.get(selector) !== html) cell.innerHTML = html;
      drawn.set(selector, html);
    };

    const show = (answer) => {
      for (const [id, cells] of Object.entries(answer.documents)) {
        for (const [name, html] of Object.entries(cells)) {
          draw(`[data-document="${id}"][data-cell="${name}"]`, html);
        }
      }
      for (const [id, version] of Object.entries(answer.versions)) {
        draw(`[data-version="${id}"]`, version.html);
      }
      const count = answer.in_progress;
      const busy = count > 0;
      const text = busy
        ? `${count} ${count === 1 ? "document is" : "documents are"} being read…`
        : wasBusy ? `All documents have been read. ${root.dataset.done}` : "";
      if (line.textContent !== text) line.textContent = text;
      wasBusy = wasBusy || busy;
      return busy;
    };

    window.supportbotPoll(() => `${root.dataset.progress}?ids=${ids("document")}&versions=${ids("version")}`, line, show);
  };

  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start);
  else start();
})();
