import { readBody, readQuote } from "../bodies";
import { type Order, apply, due, owed } from "../orders";
import { eventOf, placeOf } from "../view";
import { type Case, type Outcome, unhex } from "./answer";

// orders folds one story of the vectors.
export function orders({ quote, placed, steps }: Case): Outcome {
  const terms = readQuote(unhex(quote));
  let order = placeOf(terms, placed);
  const begins = told(order);
  const after = steps.map(({ entry, kind, body, shopper, time }: Case) => {
    const value = readBody(kind, unhex(body));
    const item = { id: entry, kind, mine: shopper, body: value, time, state: "committed" as const };
    const event = value ? eventOf(item, order, time, terms.currency) : undefined;
    const next = event ? apply(order, event) : "bad_amount";
    if (typeof next === "string") return { error: next, then: told(order) };
    order = next;
    return { then: told(order) };
  });
  return { begins, steps: after };
}

function told(o: Order): Outcome {
  const { state, payment, fulfilment, received, refunded, shipped } = o;
  const returns = o.returns.map(({ id, state }) => ({ id, state }));
  return { state, payment, fulfilment, return: o.return, received, refunded, shipped, due: due(o), owed: owed(o), returns };
}
