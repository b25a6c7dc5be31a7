// The source beside the text beside the passages: what belongs together is shown together.
"use strict";

(() => {
  const panes = document.querySelector("[data-chosen]");
  const pane = (name) => document.getElementById(name);
  const calm = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
  const WORDS = 6; // of a passage that its place in a text source is found by

  // Only the column moves, never the page.
  const scroll = (column, target) => {
    const top = target.getBoundingClientRect().top - column.getBoundingClientRect().top + column.scrollTop - 56;
    column.scrollTo({ top, behavior: calm ? "auto" : "smooth" });
  };

  const plain = (text) => text.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, " ").trim();

  // Where a passage stands in a source without pages: the block that holds its first words.
  const placeInSource = (passage) => {
    const body = passage.querySelector(".sb-prose");
    const words = plain(body.textContent).split(" ").slice(0, WORDS).join(" ");
    const file = pane("source").querySelector("div.sb-file");
    if (!file || !words) return null;
    const blocks = [...file.querySelectorAll("p, li, td, th, dd, dt, h1, h2, h3, h4, h5, h6, pre")];
    return blocks.find((block) => plain(block.textContent).includes(words)) || null;
  };

  // In plain text there are no blocks: the words themselves are selected from it.
  const markInText = (passage) => {
    const file = pane("source").querySelector("pre.sb-file");
    if (!file) return null;
    file.querySelector("mark")?.replaceWith(...file.querySelector("mark").childNodes);
    file.normalize();
    const lines = passage.querySelector(".sb-prose").textContent.trim().split("\n").filter(Boolean);
    const words = plain(lines[0] || "").split(" ").slice(0, WORDS).join("[^\\p{L}\\p{N}]+");
    const found = words && new RegExp(words, "iu").exec(file.textContent);
    if (!found || !file.firstChild) return null;
    const range = document.createRange();
    range.setStart(file.firstChild, found.index);
    range.setEnd(file.firstChild, found.index + found[0].length);
    const mark = document.createElement("mark");
    range.surroundContents(mark);
    return mark;
  };

  const choose = (id, { from }) => {
    const passage = document.getElementById(`passage-${id}`);
    const span = document.getElementById(`text-${id}`);
    for (const one of panes.querySelectorAll(".sb-here")) one.classList.remove("sb-here");
    passage?.classList.add("sb-here");
    span?.classList.add("sb-here");
    if (span && from !== "text") scroll(pane("text"), span);
    if (passage && from !== "passages") scroll(pane("passages"), passage);
    if (!passage) return;
    const page = passage.dataset.page && document.getElementById(`source-page-${passage.dataset.page}`);
    const place = page || placeInSource(passage) || markInText(passage);
    place?.classList.add("sb-here");
    if (place) scroll(pane("source"), place);
  };

  const idOf = (event) => event.target.closest("[data-passage]")?.dataset.passage;

  pane("passages").addEventListener("click", (event) => {
    // The link would move the page; the columns move instead.
    if (event.target.closest("a")) event.preventDefault();
    if (idOf(event)) choose(idOf(event), { from: "passages" });
  });
  pane("passages").addEventListener("focusin", (event) => {
    if (idOf(event)) choose(idOf(event), { from: "passages" });
  });
  pane("text").addEventListener("click", (event) => {
    if (idOf(event) && !window.getSelection()?.toString()) choose(idOf(event), { from: "text" });
  });

  for (const image of pane("source").querySelectorAll("img")) {
    const fail = () => {
      const text = document.createElement("p");
      text.className = "sb-error";
      text.textContent = "This page cannot be drawn. Download the file to see it.";
      image.replaceWith(text);
    };
    if (image.complete && image.naturalWidth === 0 && image.currentSrc) fail();
    else image.addEventListener("error", fail);
  }

  const columns = document.querySelector("[data-panes]");
  const buttons = [...columns.querySelectorAll("[data-pane]")];
  columns.hidden = false;
  columns.addEventListener("click", (event) => {
    const button = event.target.closest("[data-pane]");
    if (!button) return;
    const shown = buttons.filter((one) => one.getAttribute("aria-pressed") === "true");
    const hides = button.getAttribute("aria-pressed") === "true";
    if (hides && shown.length === 1) return; // one column stays
    button.setAttribute("aria-pressed", String(!hides));
    pane(button.dataset.pane).hidden = hides;
  });

  const wanted = panes.dataset.chosen !== "0" ? panes.dataset.chosen : "";
  if (wanted && document.getElementById(`passage-${wanted}`)) choose(wanted, { from: "" });
})();
