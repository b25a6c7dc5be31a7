// Keeps the status and state cells of documents up to date while something is in progress.
"use strict";

(() => {
  const EVERY_MS = 2000;
  const IDLE_EVERY_MS = 15000; // an upload in another tab, or by a colleague, shows up too

  const start = () => {
    const root = document.querySelector("[data-progress]");
    if (!root) return;
    const line = root.querySelector("[role=status]");
    let wasBusy = false;
    const drawn = new Map();

    const show = (answer) => {
      for (const [id, cells] of Object.entries(answer.documents)) {
        for (const [name, html] of Object.entries(cells)) {
          const cell = document.querySelector(`[data-document="${id}"][data-cell="${name}"]`);
          const key = `${id} ${name}`;
          // The HTML is the server's own template, the same that drew the page.
          if (cell && drawn.get(key) !== html) cell.innerHTML = html;
          drawn.set(key, html);
        }
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

    const look = async () => {
      let wait = EVERY_MS;
      try {
        const cells = document.querySelectorAll('[data-cell="status"]');
        const ids = [...cells].map((cell) => cell.dataset.document).join(",");
        const response = await fetch(`${root.dataset.progress}?ids=${ids}`, { redirect: "manual" });
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

  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start);
  else start();
})();
