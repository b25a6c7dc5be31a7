// <local-time datetime="2026-03-01T14:05:00+00:00">: that moment in the time zone of whoever reads
// it: the hour alone today, the year only where it is another one.
"use strict";

(() => {
  const { lang } = document.documentElement;
  const language = lang === "en" ? "en-GB" : lang || "en-GB"; // as the server writes dates

  class LocalTime extends HTMLElement {
    connectedCallback() {
      const moment = new Date(this.getAttribute("datetime") ?? "");
      if (Number.isNaN(moment.getTime())) return; // what the server wrote stays
      const now = new Date();
      const date = { day: "numeric", month: "short" };
      if (moment.getFullYear() !== now.getFullYear()) date.year = "numeric";
      const isToday = moment.toDateString() === now.toDateString();
      const show = (options) => moment.toLocaleString(language, options);
      const time = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" };
      this.textContent = isToday ? show(time) : show({ ...date, ...time });
      this.title = show({ dateStyle: "long", timeStyle: "long" });
    }
  }

  // While the page is read, an element is there before what the server wrote into it.
  const define = () => customElements.define("local-time", LocalTime);
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", define);
  else define();
})();
