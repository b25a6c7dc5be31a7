// Marks what was searched for in a conversation that the search has found.

import * as queue from "./queue.js";

const desk = document.querySelector("[data-desk]");
const LEAST_LETTERS = 3;

/** The words that were asked for, and the forms of them that the server has marked. */
const wanted = () => {
  const asked = queue.words().toLowerCase();
  if (!asked) return [];
  const marked = [...desk.querySelectorAll("[data-entries] mark")].map((one) => one.textContent.toLowerCase());
  const typed = asked.match(/[\p{L}\p{N}]+/gu) ?? [];
  return [...new Set([...marked, ...typed])].filter((word) => word.length >= LEAST_LETTERS);
};

const rangesIn = (node, pattern) =>
  [...node.data.matchAll(pattern)].map(({ index, 0: found }) => {
    const range = document.createRange();
    range.setStart(node, index);
    range.setEnd(node, index + found.length);
    return range;
  });

const mark = () => {
  if (!CSS.highlights) return []; // an older browser: the queue has its marks
  CSS.highlights.delete("desk-found");
  const words = wanted().map((word) => word.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  if (!words.length) return [];
  const pattern = new RegExp(`(?<![\\p{L}\\p{N}])(?:${words.join("|")})(?![\\p{L}\\p{N}])`, "giu");
  const ranges = [];
  for (const bubble of desk.querySelectorAll("[data-items] .sb-bubble")) {
    const texts = document.createTreeWalker(bubble, NodeFilter.SHOW_TEXT);
    while (texts.nextNode()) ranges.push(...rangesIn(texts.currentNode, pattern));
  }
  if (ranges.length) CSS.highlights.set("desk-found", new Highlight(...ranges));
  return ranges;
};

export const start = () => {
  document.addEventListener("desk:opened", () => {
    const last = mark().at(-1);
    last?.startContainer.parentElement.scrollIntoView({ block: "center" });
  });
  document.addEventListener("desk:news", mark);
};
