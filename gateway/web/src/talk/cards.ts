// Cards of trade: calm and exact. What they say of money and goods comes from what the
// brand signed: its quote, and the fold of what it committed.
import type { DeliveryBody, Item, OrderView, Quote, QuoteBody } from "../thread/types";
import { resume } from "./checkout";
import { add, button, h, icon, said } from "./dom";
import type { Setting } from "./entry";
import { goods, variantOf } from "./goods";
import { orderSheet } from "./ordersheet";
import { thumb } from "./productcard";
import { clock, data, has, money, number, say } from "./words";

const kinds = new Set(["quote", "quote.ask", "order", "delivery"]);

export const isCard = (i: Item): boolean => kinds.has(i.kind);

export function card(item: Item, s: Setting): HTMLElement {
  switch (item.kind) {
    case "quote":
      return quoteCard(item, s);
    case "quote.ask":
      return h("div", { class: "bubble" }, h("p", {}, say("ask.waiting")));
    case "delivery":
      return deliveryCard(item.body, s);
  }
  return orderCard(item, s);
}

function quoteCard(item: Item, s: Setting): HTMLElement {
  const body: QuoteBody = item.body;
  if (!body.quote) return h("div", { class: "bubble" }, h("p", {}, refusal(body.refused), body.text && h("span", {}, " ", said(body.text))));
  const ordered = s.state.items.find((i) => i.kind === "order" && i.body?.quote === item.id && i.state !== "refused");
  const expired = body.quote.until < Date.now();
  return h(
    "section",
    { class: "card-trade" },
    head("tag", say("quote"), ordered ? say("quote.ordered") : expired ? say("quote.expired") : say("quote.until", clock(body.quote.until))),
    quoteLines(body.quote),
    sums(body.quote),
    !ordered && !data.closed && h("div", { class: "card-verbs" }, button(say(expired ? "quote.again" : "quote.order"), () => resume(s.room, item), "button")),
  );
}

function orderCard(item: Item, s: Setting): HTMLElement {
  const order = s.state.orders.get(item.id);
  if (!order) return h("section", { class: "card-trade" }, head("bag", say("order"), ""), h("p", { class: "muted" }, pendingWords(item)));
  return h(
    "section",
    { class: "card-trade" },
    head("bag", title(order), stateWords(order), tone(order)),
    quoteLines(order.quote),
    h("p", { class: "sum is-total" }, h("span", {}, say("total")), h("span", {}, money(order.quote.total))),
    payWords(order),
    h("div", { class: "card-verbs" }, button(say("order.open"), () => orderSheet(s.room, order.id))),
  );
}

// title is the name that shopper and brand both use.
export function title(order: OrderView): string {
  return order.number === undefined ? say("order") : say("order.number", String(order.number));
}

export function refusal(reason: string | undefined): string {
  return say(reason && has(`refused.${reason}`) ? `refused.${reason}` : "refused", data.name);
}

export function pendingWords(item: Item): string {
  return item.state === "refused" ? refusal(item.reason) : say(`placing.${item.state}`, data.name);
}

// stateWords is where the order stands, in one phrase: the last thing that matters.
export function stateWords(o: OrderView): string {
  if (o.state === "cancelled" || o.state === "expired") return say(`order.${o.state}`);
  if (o.return !== "none" && o.payment !== "refunded") return say(`return.${o.return}`);
  if (o.payment === "refunded" || o.payment === "partly_refunded") return say(`pay.${o.payment}`);
  if (o.fulfilment !== "unfulfilled") return say(`ship.${o.fulfilment}`);
  return say(`pay.${o.payment}`);
}

export type Tone = "good" | "mind" | "plain";

export function tone(o: OrderView): Tone {
  if (o.state === "cancelled" || o.state === "expired") return "plain";
  return o.payment === "unpaid" || o.payment === "partly_paid" ? "mind" : "good";
}

// payWords tells how to pay what is open.
export function payWords(o: OrderView): HTMLElement | false {
  if (o.due.minor <= 0 || o.state !== "placed") return false;
  const how = o.instructions ?? o.method?.instructions;
  return h(
    "div",
    { class: "pay" },
    h("p", {}, h("b", {}, say(o.method?.kind === "bank" || !o.method ? "pay.open" : `pay.open.${o.method.kind}`, money(o.due), data.name))),
    how && h("p", { class: "pay-how" }, said(how)),
  );
}

export function head(picture: Parameters<typeof icon>[0], words: string, state: string, toned: Tone = "plain"): HTMLElement {
  return h("header", { class: "card-head" }, icon(picture), h("h3", {}, words), state && h("span", { class: `pill is-${toned}` }, state));
}

// quoteLines lists what is bought, with pictures that the brand signed.
export function quoteLines(q: Quote): HTMLElement {
  return h("ul", { class: "lines-of" }, q.lines.map((l) => {
    const picture = h("span", { class: "thumb" });
    void goods(l.product).then((g) => g && picture.replaceWith(thumb(variantOf(g, l.variant)?.picture)));
    const options = l.options.join(" · ");
    return h(
      "li",
      {},
      picture,
      h("span", { class: "lines" }, h("b", {}, said(l.title)), options && h("span", { class: "muted" }, said(options)), h("span", { class: "muted" }, `${number(l.quantity)} × ${money(l.unit)}`)),
      h("span", { class: "amount" }, money(l.total)),
    );
  }));
}

// named is what a way of delivery or payment is called: by the shop, or by its kind.
export function named({ name, kind }: { readonly name: string; readonly kind: string }): string {
  return name || say(has(`kind.${kind}`) ? `kind.${kind}` : "kind.flat");
}

// sums shows how the total comes about.
export function sums(q: Quote): HTMLElement {
  const row = (label: string, amount: string, className = "sum"): HTMLElement => h("p", { class: className }, h("span", {}, label), h("span", {}, amount));
  return h(
    "div",
    { class: "sums" },
    row(say("goods"), money(q.goods)),
    q.discount && row(say("discount", q.discount.code), q.discount.amount.minor > 0 ? `−${money(q.discount.amount)}` : q.discount.freeShipping ? say("discount.shipping") : money(q.discount.amount)),
    q.shipping && row(q.shipping.name ? say("delivery", q.shipping.name) : named(q.shipping), q.shipping.price.minor === 0 ? say("free") : money(q.shipping.price)),
    !q.shipping && q.digital && row(say("delivery.digital"), say("free")),
    !q.taxIncluded && q.tax.minor > 0 && row(say("tax.added"), money(q.tax)),
    row(say("total"), money(q.total), "sum is-total"),
    q.taxIncluded && q.tax.minor > 0 && h("p", { class: "sum is-note" }, say("tax.included", money(q.tax))),
  );
}

function deliveryCard(body: DeliveryBody, s: Setting): HTMLElement {
  const box = h("section", { class: "card-trade" }, head("gift", say("digital"), ""));
  if (body.code) {
    const code = body.code;
    add(box, h("p", { class: "code" }, said(code)), button(say("copy"), () => void navigator.clipboard?.writeText(code).then(() => s.room.notice(say("copied")))));
  }
  if (body.file) {
    const file = body.file;
    add(box, button(say("digital.open", file.name ?? ""), () => void s.room.engine.fileURL(file).then((address) => download(address, file.name ?? "file"), () => s.room.notice(say("photo.gone")))));
  }
  return box;
}

// download hands the browser a file to keep.
export function download(address: string, name: string): void {
  const link = h("a", { href: address, download: name, hidden: true });
  document.body.append(link);
  link.click();
  link.remove();
}

export function save(file: Blob, name: string): void {
  const address = URL.createObjectURL(file);
  download(address, name);
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}
