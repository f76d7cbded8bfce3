import { find } from "./find";

// search keeps an empty search from being sent, and moves to the field on a
// search page on which nothing was searched yet. A failure page has words to be
// read first.
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
    if (location.pathname.endsWith("/search") && field.value === "" && matchMedia("(hover: hover)").matches) field.focus({ preventScroll: true });
  }
}
