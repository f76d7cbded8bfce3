// A product in the conversation, drawn from what the brand signed.
import { put } from "./cart";
import { checkout } from "./checkout";
import { add, button, fill, h, said } from "./dom";
import { type Goods, goods, type GoodsVariant, variantOf } from "./goods";
import type { Room } from "./room";
import { data, has, money, say } from "./words";

// productCard is small where it only says what is talked about.
export function productCard(handle: string, variant: string | undefined, room: Room, small = false): HTMLElement {
  const box = h("div", { class: `card-product${small ? " is-small" : ""}`, "aria-busy": "true" }, h("span", { class: "thumb" }), h("span", { class: "lines" }));
  void goods(handle).then((g) => {
    box.removeAttribute("aria-busy");
    const chosen = g && variantOf(g, variant);
    if (!g || !chosen) return void fill(box, h("p", { class: "card-lost" }, say("product.lost")));
    fill(box, thumb(chosen.picture), lines(g, chosen));
    if (!small) add(box, verbs(g, chosen, room));
  });
  return box;
}

export function thumb(picture: string | undefined): HTMLElement {
  return h("span", { class: "thumb" }, picture && h("img", { src: picture, alt: "", loading: "lazy", decoding: "async" }));
}

function lines(g: Goods, v: GoodsVariant): HTMLElement {
  const options = v.options.join(" · ");
  const words = v.offer?.buyable ? money(v.offer.price) : say(v.offer && has(`class.${v.offer.availability}`) ? `class.${v.offer.availability}` : "class.none");
  const link = h("a", { href: `${g.url}?variant=${encodeURIComponent(v.id)}` }, said(g.title));
  return h("span", { class: "lines" }, h("b", {}, link), options && h("span", { class: "muted" }, said(options)), h("span", { class: "amount" }, words));
}

function verbs(g: Goods, v: GoodsVariant, room: Room): HTMLElement | false {
  if (!v.offer?.buyable || data.closed || g.doubt) return false;
  const line = { product: g.handle, variant: v.id, quantity: 1 };
  return h(
    "span",
    { class: "card-verbs" },
    button(say("cart.add"), () => {
      put(data.brand, line);
      room.notice(say("cart.added"));
    }),
    button(say(data.stale ? "buy.request" : "buy"), () => checkout(room, [line], false), "button"),
  );
}
