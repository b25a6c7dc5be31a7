// Notifications of the browser, once the agent has asked for them: that somebody waits, and no more.
// What the customer wrote never leaves the page.

import { toast } from "./say.js";

const WANTED = "desk-notifications";

export const isOn = () =>
  "Notification" in window && Notification.permission === "granted" && localStorage.getItem(WANTED) === "yes";

export const toggle = async (button) => {
  if (!("Notification" in window)) {
    toast("This browser knows no notifications.");
    return;
  }
  if (isOn()) localStorage.removeItem(WANTED);
  else if ((await Notification.requestPermission()) === "granted") localStorage.setItem(WANTED, "yes");
  else toast("The browser does not allow notifications here. Change it in the settings of this site.");
  name(button);
};

export const name = (button) => {
  button.textContent = isOn() ? "Turn notifications off in this browser" : "Turn notifications on in this browser";
  button.setAttribute("aria-pressed", isOn());
};

let before = null;
document.addEventListener("desk:waiting", ({ detail: waiting }) => {
  const isMore = before !== null && waiting > before;
  before = waiting;
  if (!isMore || !document.hidden || !isOn()) return;
  const text = waiting === 1 ? "1 ticket waits for an answer." : `${waiting} tickets wait for an answer.`;
  const note = new Notification("A customer is waiting", { body: text, tag: "desk" });
  note.addEventListener("click", () => {
    window.focus();
    note.close();
  });
});
