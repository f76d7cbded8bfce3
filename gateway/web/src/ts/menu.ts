import { find } from "./find";

// menu closes the menu with Escape, by a tap beside it, or when focus leaves it.
export function menu(): void {
  for (const details of find<HTMLDetailsElement>("details.menu")) {
    const close = (): void => {
      details.open = false;
    };
    document.addEventListener("click", (event) => {
      if (details.open && !details.contains(event.target as Node)) close();
    });
    details.addEventListener("focusout", (event) => {
      if (event.relatedTarget && !details.contains(event.relatedTarget as Node)) close();
    });
    details.addEventListener("keydown", (event) => {
      if (event.key !== "Escape") return;
      close();
      details.querySelector("summary")?.focus();
    });
  }
}
