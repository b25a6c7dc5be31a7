// Of each step of a macro, shows only the field that its kind reads.
const READS = {
  reply: "text",
  note: "text",
  status: "status",
  priority: "priority",
  add_tag: "tag",
  remove_tag: "tag",
  assignee: "assignee",
  team: "team",
  category: "category",
};
const FIELDS = [...new Set(Object.values(READS))];

function arrange(kind) {
  const prefix = kind.name.slice(0, -"kind".length);
  for (const field of FIELDS) {
    const input = kind.form.elements[prefix + field];
    const row = input?.closest(".field-row, .form-row, [class*='field-" + field + "']");
    if (row) row.hidden = READS[kind.value] !== field;
  }
}

const kinds = () => document.querySelectorAll("select[name^='steps-'][name$='-kind']");
document.addEventListener("DOMContentLoaded", () => kinds().forEach(arrange));
document.addEventListener("change", (event) => {
  if (event.target.matches("select[name^='steps-'][name$='-kind']")) arrange(event.target);
});
document.addEventListener("formset:added", () => kinds().forEach(arrange));
