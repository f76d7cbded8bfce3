// An order's page: where it stands, all that happened, and what the shopper may do.
import type { OrderView, Quote, ReturnLine } from "../thread/types";
import { payWords, quoteLines, save, stateWords, sums, title, tone } from "./cards";
import { add, button, fill, h, icon, said } from "./dom";
import { detail, pictures, told } from "./notes";
import type { Room } from "./room";
import { field, type Sheet, sheet, sure } from "./sheet";
import { countryName, data, has, moment, number, say } from "./words";

export function orderSheet(room: Room, id: string): void {
  let stop = (): void => {};
  const s = sheet(room, say("order"), () => stop());
  let drawn = "";
  stop = room.engine.subscribe(({ orders }) => {
    const order = orders.get(id);
    const stamp = order && `${order.events.map((e) => e.id + e.state).join()}${order.canCancel}${order.canReturn}${order.number}`;
    if (!order || stamp === drawn) return;
    drawn = stamp ?? "";
    draw(room, s, order);
  });
}

function draw(room: Room, s: Sheet, o: OrderView): void {
  s.title(title(o));
  fill(
    s.body,
    h("p", { class: `order-state is-${tone(o)}` }, stateWords(o)),
    payWords(o),
    h("h3", {}, say("timeline")),
    timeline(o),
    h("h3", {}, say("contents")),
    quoteLines(o.quote),
    sums(o.quote),
    where(o),
    terms(o.quote),
  );
  fill(
    s.foot,
    o.canCancel && button(say("cancel"), () => sure(room, say("cancel.title"), say(o.paid.minor > 0 ? "cancel.paid" : "cancel.text", data.name), say("cancel.yes"), () => attempt(room, room.engine.cancel(o.id)))),
    o.canReturn && button(say("return"), () => returnSheet(room, o)),
    button(say("receipt"), () => void room.engine.receipt(o.id).then((file) => save(file, `${o.number ?? "order"}.receipt`), () => room.notice(say("failed")))),
  );
}

async function attempt(room: Room, done: Promise<void>): Promise<void> {
  try {
    await done;
  } catch {
    room.notice(say("failed"));
  }
}

function timeline(o: OrderView): HTMLElement {
  return h("ol", { class: "timeline" }, o.events.filter((e) => has(`event.${e.kind}`) || e.kind.startsWith("return")).map((e) => {
    const words = e.state === "refused" ? say("note.refused", told(e)) : told(e);
    return h("li", { class: e.state === "committed" ? "" : "is-open" }, icon(pictures[e.kind] ?? "note"), h("div", {}, h("b", {}, words), detail(e, o).map((d) => h("p", {}, d)), h("time", { datetime: new Date(e.time).toISOString() }, e.state === "committed" ? moment(e.time) : say(`state.${e.state}`, data.name))));
  }));
}

function where({ order }: OrderView): HTMLElement {
  const { contact, address: a } = order;
  const place = a && [a.company, a.street, a.extra, `${a.postcode ?? ""} ${a.city}`.trim(), a.region, countryName(a.country)];
  const lines = [contact.name, ...(place ?? []), contact.email, contact.phone].filter((l): l is string => Boolean(l));
  return h("div", { class: "order-where" }, h("h3", {}, say(a ? "to" : "for")), h("address", {}, lines.map((l) => [said(l), h("br")])), order.note && h("p", {}, h("q", {}, said(order.note))));
}

// terms leads to what the law wants a buyer to find.
export function terms(quote: Quote): HTMLElement {
  const link = (kind: string): HTMLElement | false => {
    const href = data.links[kind];
    return href !== undefined && h("a", { href, target: "_blank", rel: "noopener" }, say(`terms.${kind}`));
  };
  return h(
    "div",
    { class: "terms" },
    h("p", {}, say("terms.seller")),
    h("address", {}, data.seller.map((l) => [said(l), h("br")]), data.vat && [say("terms.vat", data.vat), h("br")], data.email && [h("a", { href: `mailto:${encodeURIComponent(data.email)}` }, data.email), h("br")], data.phone && said(data.phone)),
    quote.returns.days > 0 && h("p", {}, say("terms.withdraw", number(quote.returns.days))),
    quote.returns.text && h("p", {}, said(quote.returns.text)),
    h("p", { class: "terms-links" }, ["shipping", "returns", "privacy", "imprint"].map(link)),
  );
}

// returnSheet is the form by which goods are given back, or the contract is withdrawn
// from, which needs no reason.
function returnSheet(room: Room, o: OrderView): void {
  const s = sheet(room, say("return"));
  const numbers = o.quote.lines.map((l, at) => {
    const left = o.returnable[at] ?? 0;
    const input = h("input", { type: "number", min: 0, max: left, step: 1, value: o.quote.lines.length === 1 ? left : 0, inputmode: "numeric", "aria-label": say("return.count", l.title) });
    return { input, left, row: h("li", {}, h("span", { class: "lines" }, h("b", {}, said(l.title)), h("span", { class: "muted" }, say("return.of", number(left)))), input) };
  });
  const withdrawal = h("input", { type: "radio", name: "why", value: "withdrawal", checked: true });
  const other = h("input", { type: "radio", name: "why", value: "return" });
  const reason = field(say("return.reason"), h("textarea", { rows: 2, maxlength: 1000 }), say("return.reason.hint"));
  const wrong = h("p", { class: "field-wrong", role: "alert", hidden: true });
  add(
    s.body,
    h("p", {}, say("return.text", data.name)),
    h("ul", { class: "lines-of is-counted" }, numbers.filter((n) => n.left > 0).map((n) => n.row)),
    h("fieldset", { class: "choices-of" }, h("legend", { class: "unseen" }, say("return.kind")), h("label", { class: "option" }, withdrawal, h("span", {}, h("b", {}, say("return.withdraw")), h("span", { class: "muted" }, say("return.withdraw.text")))), h("label", { class: "option" }, other, h("span", {}, h("b", {}, say("return.other")), h("span", { class: "muted" }, say("return.other.text"))))),
    reason.element,
    wrong,
    data.links["returns"] && h("p", {}, h("a", { href: data.links["returns"], target: "_blank", rel: "noopener" }, say("terms.returns"))),
  );
  add(
    s.foot,
    button(say("return.send"), () => {
      const lines: ReturnLine[] = numbers.map((n, line) => ({ line, quantity: Math.min(n.left, Math.max(0, Math.floor(Number(n.input.value) || 0))) })).filter((l) => l.quantity > 0);
      wrong.hidden = lines.length > 0;
      wrong.textContent = lines.length ? "" : say("return.none");
      if (!lines.length) return;
      s.close();
      void attempt(room, room.engine.giveBack(o.id, lines, reason.input.value.trim() || undefined, withdrawal.checked));
    }, "button"),
  );
}
