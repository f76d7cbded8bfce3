import type { Offer } from "../verify";
import { find } from "./find";
import { parse, type Variant } from "./variants";

// agrees says whether what the page shows and may come to show, when another variant
// is picked, is what the offers say.
export function agrees(product: HTMLElement, offers: readonly Offer[]): boolean {
  const variants = parse(document.getElementById("variants")?.textContent ?? "[]");
  const chosen = variants.find((v) => v.id === product.dataset["variant"]);
  const signed = (v: Variant) => offers.find((o) => o.variant === v.id && o.product === product.dataset["product"]);
  return chosen !== undefined && shows(product, chosen) && variants.every((v) => isOffered(v, signed(v)));
}

// isOffered compares a variant with its offer; without one it can't be had.
function isOffered(v: Variant, offer: Offer | undefined): boolean {
  if (!offer) return !v.buyable && v.price === "";
  const same = v.minor === offer.price.minor && v.currency === offer.price.currency;
  return same && says(v.price, v.minor) && says(v.was, offer.compareAt?.minor) && v.class === offer.availability && v.buyable === offer.buyable;
}

// shows says whether the visible words are those of the variant.
function shows(product: HTMLElement, v: Variant): boolean {
  const same = (name: string, text = "") => find(`[data-show="${name}"]`, product).every((e) => e.textContent === text);
  return same("price", v.price) && same("was", v.was) && same("words", v.words) && find("[data-class]", product).every((e) => e.dataset["class"] === v.class);
}

// says compares the digits of a written price, in whatever script, with an amount.
function says(text: string | undefined, minor: number | undefined): boolean {
  const digits = [...(text ?? "")].filter(isDigit).map(valueOf).join("");
  return minor === undefined ? digits === "" : digits !== "" && Number(digits) === minor;
}

const isDigit = (char: string): boolean => /^\p{Nd}$/u.test(char);

// valueOf counts the digits before one: each script has its ten in a row.
function valueOf(digit: string): number {
  const at = digit.codePointAt(0)!;
  let value = 0;
  while (value < 9 && isDigit(String.fromCodePoint(at - value - 1))) value++;
  return value;
}
