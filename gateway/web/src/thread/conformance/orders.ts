import { type Order, type OrderEvent, apply, due, owed, place, returnable } from "../orders";
import type { Case, Outcome } from "./answer";

// orders folds one story of the vectors.
export function orders({ quote, placed, events = [] }: Case): Outcome {
  const lines = quote.lines.map((l: Case) => ({ quantity: l["quantity"], digital: l["digital"] ?? false }));
  let order: Order = place(lines, quote.total, quote.digital ?? false, placed);
  const steps: Outcome[] = [];
  for (const event of events as OrderEvent[]) {
    const after = apply(order, event);
    if (typeof after !== "string") order = after;
    steps.push(typeof after === "string" ? { refused: after } : told(order));
  }
  return { first: told(place(lines, quote.total, quote.digital ?? false, placed)), steps };
}

function told(o: Order): Outcome {
  const { state, payment, fulfilment, received, refunded, shipped } = o;
  return { state, payment, fulfilment, return: o.return, received, refunded, shipped, due: due(o), owed: owed(o), returnable: o.lines.map((_, i) => returnable(o, i)) };
}
