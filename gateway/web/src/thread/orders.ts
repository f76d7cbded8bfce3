// What may happen to an order and what it does (specs/18-trade.md): a fold over
// committed events, held to the brand's own by shared vectors. Amounts are minor units of
// the quote's currency.
import type { OrderState, ReturnLine } from "./types";

export interface Goods {
  readonly quantity: number;
  readonly digital: boolean;
}

export interface Giveback {
  readonly id: string;
  readonly lines: readonly ReturnLine[];
  readonly state: OrderState["return"];
  readonly withdrawal: boolean;
  readonly restocked: boolean;
}

export interface Order extends OrderState {
  readonly lines: readonly Goods[];
  readonly total: number;
  readonly digital: boolean;
  readonly received: number;
  readonly refunded: number;
  readonly shipped: readonly number[];
  readonly returns: readonly Giveback[];
  readonly delivered: number; // when; 0 is not yet
  readonly changed: number;
}

export interface OrderEvent {
  readonly kind: string;
  readonly shopper: boolean;
  readonly time: number;
  readonly amount?: number;
  readonly lines?: readonly ReturnLine[];
  readonly return?: string;
  readonly accepted?: boolean;
  readonly restock?: boolean;
  readonly withdrawal?: boolean;
}

const maxLines = 100;
export const maxReturns = 64;

export function place(lines: readonly Goods[], total: number, digital: boolean, time: number): Order {
  return settle({
    lines, total, digital, received: 0, refunded: 0, shipped: lines.map(() => 0), returns: [], delivered: 0, changed: time,
    state: "placed", payment: "unpaid", fulfilment: "unfulfilled", return: "none",
  });
}

// A refusal is a machine word; otherwise the order after the event comes back.
type Outcome = Partial<Order> | string;

interface Transition {
  readonly by: "shopper" | "brand" | "both";
  readonly states?: readonly OrderState["state"][];
  readonly payments?: readonly OrderState["payment"][];
  readonly fulfilments?: readonly OrderState["fulfilment"][];
  readonly refusal: string;
  readonly then: (o: Order, e: OrderEvent) => Outcome;
}

const transitions: Readonly<Record<string, Transition>> = {
  payment: { by: "brand", refusal: "not_now", then: pay },
  refund: { by: "brand", refusal: "bad_amount", payments: ["partly_paid", "paid", "overpaid", "partly_refunded"], then: refund },
  shipment: { by: "brand", refusal: "not_now", states: ["placed"], fulfilments: ["unfulfilled", "partly_shipped"], then: (o, e) => send(o, e, false) },
  delivery: { by: "brand", refusal: "not_now", states: ["placed"], fulfilments: ["unfulfilled", "partly_shipped", "shipped"], then: (o, e) => send(o, e, true) },
  delivered: { by: "brand", refusal: "not_now", states: ["placed"], fulfilments: ["shipped"], then: (_, e) => ({ delivered: e.time }) },
  cancel: { by: "both", refusal: "not_cancellable", states: ["placed"], fulfilments: ["unfulfilled"], then: () => ({ state: "cancelled" }) },
  expire: { by: "brand", refusal: "not_now", states: ["placed"], payments: ["unpaid"], fulfilments: ["unfulfilled"], then: () => ({ state: "expired" }) },
  return: { by: "shopper", refusal: "not_returnable", states: ["placed", "completed"], fulfilments: ["partly_shipped", "shipped", "delivered"], then: giveBack },
  "return.answer": { by: "brand", refusal: "not_now", states: ["placed", "completed"], then: answerReturn },
  "return.received": { by: "brand", refusal: "not_now", states: ["placed", "completed"], then: receiveReturn },
};

// apply returns the order after an event, or why the order doesn't allow it.
export function apply(o: Order, e: OrderEvent): Order | string {
  const t = Object.hasOwn(transitions, e.kind) ? transitions[e.kind]! : undefined;
  if (!t) return "bad_body";
  if (t.by !== "both" && (t.by === "shopper") !== e.shopper) return "not_now";
  const fits = (t.states?.includes(o.state) ?? true) && (t.payments?.includes(o.payment) ?? true) && (t.fulfilments?.includes(o.fulfilment) ?? true);
  if (!fits) return t.refusal;
  const after = t.then(o, e);
  return typeof after === "string" ? after : settle({ ...o, ...after, changed: e.time });
}

export const allows = (o: Order, e: OrderEvent): boolean => typeof apply(o, e) !== "string";
export const balance = (o: Order): number => o.received - o.refunded;
const isOff = ({ state }: OrderState): boolean => state === "cancelled" || state === "expired";

// due is what the shopper still owes, owed what the brand owes the shopper.
export const due = (o: Order): number => (isOff(o) || o.refunded > 0 ? 0 : Math.max(0, o.total - o.received));
export const owed = (o: Order): number => (isOff(o) ? balance(o) : Math.max(0, balance(o) - o.total));
export const left = (o: Order, line: number): number => o.lines[line]!.quantity - o.shipped[line]!;

// returnable is how many pieces of a line can be given back.
export function returnable(o: Order, line: number): number {
  if (o.lines[line]!.digital) return 0;
  const taken = o.returns.filter((r) => r.state !== "refused").flatMap((r) => r.lines.filter((l) => l.line === line));
  return o.shipped[line]! - taken.reduce((sum, l) => sum + l.quantity, 0);
}

function pay(o: Order, { amount = 0 }: OrderEvent): Outcome {
  return amount < 1 || amount > Number.MAX_SAFE_INTEGER - o.received ? "bad_amount" : { received: o.received + amount };
}

function refund(o: Order, { amount = 0 }: OrderEvent): Outcome {
  return amount < 1 || amount > balance(o) ? "bad_amount" : { refunded: o.refunded + amount };
}

// each goes through the lines of an event until one is refused.
function each(o: Order, { lines = [] }: OrderEvent, refusal: (l: ReturnLine) => string | undefined): string | undefined {
  if (!lines.length || lines.length > maxLines) return "bad_quantity";
  for (const l of lines) {
    if (l.line < 0 || l.line >= o.lines.length || l.quantity < 1) return "bad_quantity";
    const why = refusal(l);
    if (why) return why;
  }
  return undefined;
}

function send(o: Order, e: OrderEvent, digital: boolean): Outcome {
  const shipped = [...o.shipped];
  const why = each(o, e, ({ line, quantity }) => {
    if (o.lines[line]!.digital !== digital) return "bad_body";
    if (quantity > o.lines[line]!.quantity - shipped[line]!) return "bad_quantity";
    shipped[line]! += quantity;
    return undefined;
  });
  return why ?? { shipped };
}

function giveBack(o: Order, e: OrderEvent): Outcome {
  if (o.returns.length >= maxReturns || o.returns.some((r) => r.id === e.return)) return "not_returnable";
  const wanted = o.lines.map(() => 0);
  const why = each(o, e, ({ line, quantity }) => {
    if (quantity > returnable(o, line) - wanted[line]!) return "not_returnable";
    wanted[line]! += quantity;
    return undefined;
  });
  const asked: Giveback = { id: e.return ?? "", lines: e.lines ?? [], state: "requested", withdrawal: e.withdrawal ?? false, restocked: false };
  return why ?? { returns: [...o.returns, asked] };
}

function answerReturn(o: Order, e: OrderEvent): Outcome {
  return change(o, e, "requested", { state: e.accepted ? "accepted" : "refused" });
}

function receiveReturn(o: Order, e: OrderEvent): Outcome {
  return change(o, e, "accepted", { state: "received", restocked: e.restock ?? false });
}

function change(o: Order, e: OrderEvent, from: OrderState["return"], to: Partial<Giveback>): Outcome {
  if (!o.returns.some((r) => r.id === e.return && r.state === from)) return "not_now";
  return { returns: o.returns.map((r) => (r.id === e.return ? { ...r, ...to } : r)) };
}

// settle derives the states from the sums.
function settle(o: Order): Order {
  const now = { ...o, payment: payment(o), fulfilment: fulfilment(o), return: returning(o) };
  const paid = now.payment !== "unpaid" && now.payment !== "partly_paid";
  return now.state === "placed" && now.fulfilment === "delivered" && paid ? { ...now, state: "completed" } : now;
}

function payment(o: Order): OrderState["payment"] {
  const has = balance(o);
  if (has > o.total) return "overpaid";
  if (has === o.total) return "paid";
  if (o.refunded === 0) return has === 0 ? "unpaid" : "partly_paid";
  return has === 0 ? "refunded" : "partly_refunded";
}

function fulfilment(o: Order): OrderState["fulfilment"] {
  const all = o.lines.every((_, i) => left(o, i) === 0);
  if (all) return o.delivered || o.digital ? "delivered" : "shipped";
  return o.shipped.some((n) => n > 0) ? "partly_shipped" : "unfulfilled";
}

// returning is the state of the return that waits for most; of those that wait for
// nothing, of the last.
function returning(o: Order): OrderState["return"] {
  const states = o.returns.map((r) => r.state);
  if (states.includes("requested")) return "requested";
  return states.includes("accepted") ? "accepted" : (states.at(-1) ?? "none");
}
