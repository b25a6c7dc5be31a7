// Tickets that belong together: merged, split and linked in dialogs, and parted again.

import { askChoice, askSure } from "./dialogs.js";
import { get, post } from "./net.js";
import { problem, toast } from "./say.js";
import { look, open } from "./ticket.js";

const UNDO_SECONDS = 15;

const choose = async (name, { title, yes, check }) => {
  const { html } = await get(`${open.ticket}/choices/${name}/`);
  return askChoice({ title, html, yes, check });
};
const needsTicket = (form) => (form.get("other") || form.get("number")?.trim() ? "" : "Choose a ticket or write its number.");

/** Do it, and offer the way back. */
const withUndo = async (name, data, back) => {
  const { ticket } = open;
  const done = await post(`${ticket}/do/${name}/`, data);
  const undo = async () => {
    try {
      toast((await post(`${ticket}/do/${back}/`, { other: done.other })).said);
    } catch (error) {
      problem(error);
    }
    await look();
  };
  toast(done.said, { action: "Undo", act: undo, seconds: UNDO_SECONDS });
  await look();
};

/** The number of the ticket that goes on; null when nothing was merged. */
export const merge = async () => {
  const { ticket } = open;
  const chosen = await choose("merge", { title: "Merge this ticket into another", yes: "Go on", check: needsTicket });
  if (chosen === null) return null;
  const { confirm } = await post(`${ticket}/do/merge/`, chosen);
  if (!(await askSure({ title: "Merge the tickets?", text: confirm, yes: "Merge" }))) return null;
  chosen.set("sure", "yes");
  const done = await post(`${ticket}/do/merge/`, chosen);
  toast(done.said);
  return done.open;
};

export const split = async () => {
  const check = (form) => (form.has("message") ? "" : "Choose at least one message.");
  const chosen = await choose("split", { title: "Split this ticket", yes: "Begin a new ticket", check });
  if (chosen !== null) await withUndo("split", chosen, "unsplit");
};

export const link = async () => {
  const chosen = await choose("link", { title: "Link another ticket", yes: "Link", check: needsTicket });
  if (chosen !== null) await withUndo("link", chosen, "unlink");
};

export const unlink = (other) => withUndo("unlink", { other }, "link");
