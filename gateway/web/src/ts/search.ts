import { find } from "./find";

// search keeps an empty search from being sent, and moves to the field on a
// search page that has no results to read.
export function search(): void {
  for (const form of find<HTMLFormElement>("form.search-form")) {
    const field = form.querySelector<HTMLInputElement>("input[type=search]");
    if (!field) continue;
    form.addEventListener("submit", (event) => {
      field.value = field.value.trim();
      if (field.value !== "") return;
      event.preventDefault();
      field.focus();
    });
    if (field.value === "" && matchMedia("(hover: hover)").matches) field.focus({ preventScroll: true });
  }
}
