// The upload page: drag and drop, the list of chosen files, and the limits before anything is sent.
"use strict";

(() => {
  const form = document.querySelector("[data-max-files]");
  const zone = form.querySelector("[data-drop]");
  const input = zone.querySelector("input[type=file]");
  const list = form.querySelector("[data-files]");
  const title = form.elements.title;
  const button = form.querySelector("button[type=submit]");
  const maxFiles = Number(form.dataset.maxFiles);
  const maxBytes = Number(form.dataset.maxMegabytes) * 1024 * 1024;

  const sizeOf = (bytes) =>
    bytes < 1024 * 1024
      ? `${Math.max(1, Math.round(bytes / 1024))} KB`
      : `${(bytes / 1024 / 1024).toFixed(1)} MB`;

  const line = (text, isWarning) => {
    const item = document.createElement("li");
    item.textContent = text;
    if (isWarning) item.className = "sb-error";
    return item;
  };

  const show = () => {
    const files = [...input.files];
    const lines = files.map((file) =>
      file.size > maxBytes
        ? line(`${file.name}, ${sizeOf(file.size)}: too large, it will be refused`, true)
        : line(`${file.name}, ${sizeOf(file.size)}`, false),
    );
    if (maxFiles && files.length > maxFiles) {
      lines.unshift(line(`Choose at most ${maxFiles} files at once.`, true));
    }
    list.replaceChildren(...lines);
    title.disabled = files.length > 1;
    button.disabled = Boolean(maxFiles) && files.length > maxFiles;
    button.textContent = files.length > 1 ? `Upload ${files.length} files` : "Upload";
  };

  input.addEventListener("change", show);
  for (const name of ["dragenter", "dragover"]) {
    zone.addEventListener(name, (event) => {
      event.preventDefault();
      zone.classList.add("sb-drop--over");
    });
  }
  for (const name of ["dragleave", "drop"]) {
    zone.addEventListener(name, () => zone.classList.remove("sb-drop--over"));
  }
  zone.addEventListener("drop", (event) => {
    event.preventDefault();
    input.files = event.dataTransfer.files;
    show();
  });
  form.addEventListener("submit", () => {
    button.disabled = true;
    button.textContent = "Uploading…";
  });
  // Back from the result page the browser may have kept the files, and the button's old state.
  window.addEventListener("pageshow", show);
})();
