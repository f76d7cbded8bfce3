// What happened to an order, told in the conversation in one line that leads to it.
import type { Item, OrderView } from "../thread/types";
import { title } from "./cards";
import { h, icon, type Picture, said } from "./dom";
import type { Setting } from "./entry";
import { orderSheet } from "./ordersheet";
import { clock, data, money, say } from "./words";

export const pictures: Readonly<Record<string, Picture>> = {
  order: "bag", payment: "coin", shipment: "box", delivered: "check", refund: "coin", cancel: "stop", expire: "stop", return: "turn", "return.answer": "turn", "return.received": "turn", delivery: "gift", erased: "bin",
};

export function noteOf(item: Item, s: Setting): HTMLElement {
  const order = s.state.orders.get(item.body?.order);
  const picture = pictures[item.kind] ?? "note";
  const words = item.state === "refused" ? say("note.refused", told(item)) : told(item);
  const inside = [icon(picture), h("span", {}, words, order && ` · ${title(order).replace(/ /g, "\u00a0")}`), h("time", { datetime: new Date(item.time).toISOString() }, clock(item.time))];
  if (!order) return h("p", { class: "note" }, inside);
  return h("button", { type: "button", class: "note", onclick: () => orderSheet(s.room, order.id) }, inside);
}

// told says what an event of an order is.
export function told(item: Item): string {
  const b = item.body ?? {};
  switch (item.kind) {
    case "order":
      return say("event.order");
    case "payment":
    case "refund":
      return say(`event.${item.kind}`, b.amount ? money(b.amount) : "");
    case "shipment":
      return b.carrier ? say("event.shipment.by", plain(b.carrier)) : say("event.shipment");
    case "cancel":
      return say(item.mine ? "event.cancel.mine" : "event.cancel", data.name);
    case "return":
      return say(b.withdrawal ? "event.withdrawal" : "event.return");
    case "return.answer":
      return say(b.accepted ? "event.return.accepted" : "event.return.refused", data.name);
  }
  return say(`event.${item.kind}`, data.name);
}

// detail is what else there is to an event: how to follow a parcel, why.
export function detail(item: Item, _: OrderView): Node[] {
  const b = item.body ?? {};
  const out: Node[] = [];
  if (item.kind === "shipment" && b.tracking) {
    const link = typeof b.url === "string" && /^https:\/\/[!-~]+$/.test(b.url) ? h("a", { href: b.url, target: "_blank", rel: "noopener noreferrer nofollow" }, said(b.tracking)) : said(b.tracking);
    out.push(h("span", {}, `${say("tracking")} `, link));
  }
  for (const text of [b.reason, b.text, b.reference]) if (typeof text === "string" && text) out.push(h("span", {}, said(text)));
  return out;
}

// plain keeps a name from turning the direction of the words around it.
const plain = (text: string): string => `\u2068${text.replace(/[\u202a-\u202e\u2066-\u2069]/g, "")}\u2069`;
