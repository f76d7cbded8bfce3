// What pages see of a conversation: items and orders, made of what the chain holds.
import type { Line, Page } from "./book";
import { may, readBody } from "./bodies";
import * as machine from "./orders";
import type { Item, Money, NumberBody, OrderBody, OrderView, Quote, QuoteBody } from "./types";

// itemOf reads a committed entry.
export function itemOf(line: Line): Item {
  const { header, place, seq, mine, body } = line;
  const state = place.refused ? "refused" : body ? "committed" : "erased";
  return {
    id: header.id.text, seq, mine, kind: header.kind, body: body && may(header.kind, mine) ? readBody(header.kind, body) : undefined, time: header.time, state,
    ...(place.refused ? { reason: place.refused } : {}),
  };
}

// itemsOf reads all there is, and reuses what was read before.
export function itemsOf({ lines, out }: Page, known: ReadonlyMap<string, Item>): Item[] {
  const committed = lines.map((l) => known.get(l.header.id.text) ?? itemOf(l));
  const waiting = [...out].sort((a, b) => a.time - b.time || a.dseq - b.dseq).map(
    (o): Item => ({
      id: o.id, mine: true, kind: o.kind, body: readBody(o.kind, o.body), time: o.time, state: o.state,
      ...(o.reason ? { reason: o.reason } : {}),
    }),
  );
  return [...committed, ...waiting];
}

const telling: readonly string[] = ["text", "photo", "card", "payment", "shipment", "delivered", "delivery", "refund", "cancel", "expire", "return.answer", "return.received"];

// isTelling says whether an item of the brand's is news to the shopper.
export const isTelling = (item: Item): boolean => !item.mine && item.state === "committed" && telling.includes(item.kind);

interface Growing {
  readonly order: machine.Order;
  readonly placed: number;
  readonly item: Item;
  readonly quote: Item;
  readonly number?: NumberBody;
  readonly events: readonly Item[];
}

// ordersOf folds committed items, whose times are those of their commits.
export function ordersOf(items: readonly Item[], timeOf: (item: Item) => number): Map<string, OrderView> {
  const orders = new Map<string, Growing>();
  const quotes = new Map<string, Item>();
  for (const item of items) {
    if (item.state !== "committed" || !item.body) continue;
    if (item.kind === "quote" && !item.mine) quotes.set(item.id, item);
    else if (item.kind === "order" && item.mine) begin(orders, quotes, item, timeOf(item));
    else grow(orders, item, timeOf(item));
  }
  return new Map([...orders].map(([id, g]) => [id, viewOf(id, g)]));
}

function begin(orders: Map<string, Growing>, quotes: ReadonlyMap<string, Item>, item: Item, placed: number): void {
  const quote = quotes.get((item.body as OrderBody).quote);
  const terms = (quote?.body as QuoteBody | undefined)?.quote;
  if (!quote || !terms) return;
  orders.set(item.id, { order: placeOf(terms, placed), placed, item, quote, events: [item] });
}

function grow(orders: Map<string, Growing>, item: Item, time: number): void {
  const of: unknown = (item.body as { order?: unknown }).order;
  const growing = typeof of === "string" ? orders.get(of) : undefined;
  if (!growing) return;
  const events = [...growing.events, item];
  if (item.kind === "order.number") return void orders.set(of as string, { ...growing, number: item.body as NumberBody, events });
  const event = eventOf(item, growing.order, time, currencyOf(growing));
  const order = event && machine.apply(growing.order, event);
  if (order && typeof order !== "string") orders.set(of as string, { ...growing, order, events });
}

export function placeOf({ lines, total, digital }: Quote, time: number): machine.Order {
  return machine.place(lines.map((l) => ({ quantity: l.quantity, digital: l.digital })), total.minor, digital, time);
}

const currencyOf = ({ quote }: Growing): string => (quote.body as QuoteBody).quote!.currency;

// eventOf returns what an item does to its order.
export function eventOf({ id, kind, mine, body }: Item, order: machine.Order, time: number, currency: string): machine.OrderEvent | undefined {
  const event = { kind, shopper: mine, time };
  if (kind === "payment" || kind === "refund") {
    const { minor, currency: code } = body.amount as Money;
    return code === currency ? { ...event, amount: minor } : undefined;
  }
  if (kind === "delivery") return { ...event, lines: order.lines[body.line] ? [{ line: body.line, quantity: machine.left(order, body.line) }] : [] };
  if (kind === "return") return { ...event, return: id, lines: body.lines, withdrawal: body.withdrawal };
  return { ...event, lines: body.lines, return: body.return, accepted: body.accepted, restock: body.restock };
}

function viewOf(id: string, { order, placed, item, quote, number, events }: Growing): OrderView {
  const terms = (quote.body as QuoteBody).quote!;
  const body = item.body as OrderBody;
  const money = (minor: number): Money => ({ minor, currency: terms.currency });
  const method = terms.payments.find((p) => p.id === body.method);
  const returnable = order.lines.map((_, i) => machine.returnable(order, i));
  const { state, payment, fulfilment } = order;
  return {
    id, placed, order: body, quote: terms, quoteId: quote.id, events, state, payment, fulfilment, return: order.return,
    paid: money(order.received), refunded: money(order.refunded), due: money(machine.due(order)), owed: money(machine.owed(order)),
    shipped: order.shipped, returnable,
    canCancel: machine.allows(order, { kind: "cancel", shopper: true, time: placed }),
    canReturn: returnable.some((n) => n > 0) && order.returns.length < machine.maxReturns && (state === "placed" || state === "completed"),
    ...(method ? { method } : {}),
    ...(number ? { number: number.number, ...(number.instructions ? { instructions: number.instructions } : {}) } : {}),
  };
}
