import { find } from "./find";
import type { Show } from "./gallery";
import { lead, parse, type Variant } from "./variants";

// picker changes the variant in place: price, picture, availability and address
// follow without a new page. Each choice stays the link that it is without
// scripts.
export function picker(show: Show): void {
  const [root] = find("[data-picker]");
  const data = document.getElementById("variants")?.textContent;
  const variants = data ? parse(data) : [];
  if (!root || variants.length === 0) return;
  const words = stateWords(root);

  const pick = (variant: Variant): void => {
    history.replaceState(null, "", `?variant=${variant.id}`);
    tell(variant);
    redraw(root, variants, variant, words);
    if (variant.picture) show(`p${variant.picture}`);
  };
  root.addEventListener("click", (event) => {
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    const link = (event.target as Element).closest<HTMLAnchorElement>("a.choice");
    const id = link && new URL(link.href).searchParams.get("variant");
    const variant = variants.find((v) => v.id === id);
    if (!variant) return;
    event.preventDefault();
    pick(variant);
  });
}

interface Words {
  gone: string;
  absent: string;
}

function stateWords(root: HTMLElement): Words {
  return { gone: root.dataset["gone"] ?? "", absent: root.dataset["absent"] ?? "" };
}

// tell writes what the page says of the variant.
function tell(variant: Variant): void {
  for (const product of find("[data-variant]")) product.dataset["variant"] = variant.id;
  for (const key of ["price", "was", "unit", "words"] as const) {
    const text = variant[key] ?? "";
    for (const element of find(`[data-show="${key}"]`)) {
      if (element.textContent !== text) element.textContent = text;
      element.hidden = text === "";
      if (key === "words") element.dataset["class"] = variant.class;
    }
  }
  for (const row of find("[data-fact]")) {
    const value = variant.facts?.[row.dataset["fact"] ?? ""] ?? "";
    row.hidden = value === "";
    const cell = row.querySelector("dd");
    if (cell) cell.textContent = value;
  }
  for (const link of find<HTMLAnchorElement>("a[data-ask], a[data-buy]")) {
    link.href = link.href.replace(/(variant=)[A-Za-z0-9._-]+/, `$1${variant.id}`);
  }
  for (const bar of find("[data-buyable]")) bar.dataset["buyable"] = String(variant.buyable);
}

// redraw brings every choice up to date: where it leads now and whether that can
// be bought.
function redraw(root: HTMLElement, variants: Variant[], chosen: Variant, words: Words): void {
  find("fieldset", root).forEach((field, option) => {
    for (const link of find<HTMLAnchorElement>("a.choice", field)) {
      const value = Number(link.dataset["value"]);
      const { target, exact } = lead(variants, chosen, option, value);
      if (!target) continue;
      const current = chosen.values[option] === value;
      link.href = `?variant=${target.id}`;
      link.classList.toggle("is-absent", !exact);
      link.classList.toggle("is-gone", exact && !target.buyable);
      if (current) link.setAttribute("aria-current", "true");
      else link.removeAttribute("aria-current");
      const state = link.querySelector("[data-state]");
      const text = !exact ? words.absent : target.buyable ? "" : words.gone;
      if (state) state.textContent = text && ` (${text})`;
      const label = field.querySelector("[data-current]");
      if (current && label) label.textContent = link.dataset["label"] ?? "";
    }
  });
}
