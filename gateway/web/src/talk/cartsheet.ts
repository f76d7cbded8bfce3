// The cart: what was put aside, and the way to a price.
import { maxQuantity, pieces, read, watch, write } from "./cart";
import { checkout } from "./checkout";
import { add, button, fill, h, icon, iconButton, said } from "./dom";
import { type Goods, goods, variantOf } from "./goods";
import { thumb } from "./productcard";
import type { Room } from "./room";
import { sheet } from "./sheet";
import type { CartLine, Money } from "../thread/types";
import { count, data, has, money, say } from "./words";

export function cartButton(room: Room): HTMLElement {
  const badge = h("b", { class: "badge" });
  const words = h("span", { class: "unseen" });
  const open = h("button", { type: "button", class: "icon-button cart-link", onclick: () => cartSheet(room) }, icon("bag"), words, badge);
  watch(data.brand, (lines) => {
    const n = pieces(lines);
    open.hidden = n === 0;
    badge.textContent = n > 99 ? "99+" : String(n);
    words.textContent = `${say("cart")}, ${count("pieces", n)}`;
  });
  return open;
}

export function cartSheet(room: Room): void {
  const s = sheet(room, say("cart"), () => stop());
  const redraw = (): void => void draw();
  const stop = (): void => removeEventListener("stoa-cart", redraw);
  addEventListener("stoa-cart", redraw);
  let round = 0;
  const draw = async (): Promise<void> => {
    const mine = ++round;
    const lines = read(data.brand);
    const known = await Promise.all(lines.map((l) => goods(l.product)));
    if (mine !== round || !s.open) return;
    if (lines.length === 0) {
      fill(s.body, h("p", { class: "empty" }, say("cart.empty")));
      return void fill(s.foot, h("a", { class: "button", href: `${data.base}/` }, say("cart.look")));
    }
    fill(s.body, h("ul", { class: "lines-of is-cart" }, lines.map((l, at) => row(l, known[at]))), h("p", { class: "sum is-note" }, say("cart.note")));
    const able = lines.filter((l, at) => isBuyable(l, known[at]));
    const sum = total(able, known.filter((_, at) => isBuyable(lines[at]!, known[at])));
    fill(
      s.foot,
      sum && h("p", { class: "sum is-total" }, h("span", {}, say("goods")), h("span", {}, money(sum))),
      data.closed ? h("p", {}, data.closed) : button(say("cart.on"), () => checkout(room, able, true), "button", { disabled: able.length === 0 }),
    );
  };
  redraw();
}

const isBuyable = (l: CartLine, g: Goods | undefined): boolean => g?.variants.find((v) => v.id === l.variant)?.offer?.buyable === true;

function total(lines: readonly CartLine[], known: readonly (Goods | undefined)[]): Money | undefined {
  let sum: Money | undefined;
  for (const [at, l] of lines.entries()) {
    const price = known[at]?.variants.find((v) => v.id === l.variant)?.offer?.price;
    if (!price || (sum && sum.currency !== price.currency)) return undefined;
    sum = { minor: (sum?.minor ?? 0) + price.minor * l.quantity, currency: price.currency };
  }
  return sum;
}

function row(l: CartLine, g: Goods | undefined): HTMLElement {
  const v = g && (g.variants.find((x) => x.id === l.variant) ?? variantOf(g));
  const options = v?.options.join(" · ");
  const able = isBuyable(l, g);
  const state = !g ? say("product.lost") : !able ? say(v?.offer && has(`class.${v.offer.availability}`) ? `class.${v.offer.availability}` : "class.none") : "";
  return h(
    "li",
    { class: able ? "" : "is-gone" },
    thumb(v?.picture),
    h("span", { class: "lines" }, h("b", {}, g ? h("a", { href: `${g.url}?variant=${l.variant}` }, said(g.title)) : l.product), options && h("span", { class: "muted" }, said(options)), state && h("span", { class: "field-wrong" }, state), able && stepper(l)),
    h("span", { class: "line-end" }, h("span", { class: "amount" }, able && v?.offer ? money({ minor: v.offer.price.minor * l.quantity, currency: v.offer.price.currency }) : ""), iconButton("bin", say("cart.remove", g?.title ?? l.product), () => change(l, 0))),
  );
}

function stepper(l: CartLine): HTMLElement {
  const input = h("input", { type: "number", min: 1, max: maxQuantity, step: 1, value: l.quantity, inputmode: "numeric", "aria-label": say("quantity") });
  input.addEventListener("change", () => change(l, Math.floor(Number(input.value)) || 1));
  return add(
    h("span", { class: "stepper" }),
    iconButton("minus", say("less"), () => change(l, l.quantity - 1), "icon-button", { disabled: l.quantity <= 1 }),
    input,
    iconButton("plus", say("more"), () => change(l, l.quantity + 1)),
  );
}

// change sets how many; 0 takes the line out.
function change(l: CartLine, quantity: number): void {
  const n = Math.min(maxQuantity, quantity);
  write(data.brand, read(data.brand).flatMap((x) => (x.product === l.product && x.variant === l.variant ? (n > 0 ? [{ ...x, quantity: n }] : []) : [x])));
}
