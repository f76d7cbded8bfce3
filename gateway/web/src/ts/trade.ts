import { pieces, put, watch } from "../talk/cart";
import { look } from "../talk/seen";
import { find } from "./find";

// trade keeps the mark of the cart true, and puts aside the variant that is chosen.
export function trade(): void {
  for (const mark of find<HTMLAnchorElement>("a[data-cart]")) {
    watch(mark.dataset["cart"] ?? "", (lines) => {
      const n = pieces(lines);
      mark.hidden = n === 0;
      for (const badge of find("b", mark)) badge.textContent = n > 99 ? "99+" : String(n);
    });
  }
  const [product] = find("[data-product][data-variant]");
  const [add] = find<HTMLButtonElement>("[data-add]");
  const handle = product?.dataset["product"];
  if (!product || !handle || !add) return;
  const brand = add.dataset["add"] ?? "";
  look(brand, handle);
  add.addEventListener("click", () => {
    put(brand, { product: handle, variant: product.dataset["variant"] ?? "", quantity: 1 });
    toast();
  });
}

let waiting = 0;

// toast says for a moment that something was put aside, and how to get there.
function toast(): void {
  for (const words of find("[data-toast]")) {
    words.hidden = false;
    clearTimeout(waiting);
    waiting = window.setTimeout(() => (words.hidden = true), 6_000);
  }
}

// share hands the page to what the shopper's device shares with, or copies its address.
export function share(): void {
  for (const button of find<HTMLButtonElement>("[data-share]")) {
    const native = typeof navigator.share === "function";
    if (!native && !navigator.clipboard) continue;
    button.hidden = false;
    button.addEventListener("click", () => {
      if (native) return void navigator.share({ title: document.title, url: location.href }).catch(() => {});
      void navigator.clipboard.writeText(location.href).then(() => {
        const [words] = find("span", button);
        if (words) words.textContent = button.dataset["copied"] ?? "";
      });
    });
  }
}
