// Buying, in two steps. First the brand is asked for its price, with tax and delivery, for
// a country alone; then, with the whole total known, for what it needs to deliver.
import type { AskBody, CartLine, Item, Quote } from "../thread/types";
import { Pending, Refusal } from "../thread/types";
import { named, quoteLines, refusal, sums } from "./cards";
import { read, write } from "./cart";
import { all } from "./countries";
import { add, button, fill, h, said } from "./dom";
import { details } from "./details";
import { terms } from "./ordersheet";
import type { Room } from "./room";
import { field, type Sheet, sheet } from "./sheet";
import { countryName, data, has, money, number, say } from "./words";

// Purchase is what is being bought, and the brand's answer to it.
export interface Purchase {
  readonly room: Room;
  readonly sheet: Sheet;
  ask: AskBody;
  quote: Item | undefined;
  readonly fromCart: boolean;
}

export function checkout(room: Room, lines: readonly CartLine[], fromCart: boolean): void {
  begin(room, { lines, country: lastCountry(room) }, undefined, fromCart);
}

// resume goes on from a quote in the conversation.
export function resume(room: Room, item: Item): void {
  const asked = room.engine.state.items.find((i) => i.id === item.body.ask)?.body as AskBody | undefined;
  const quote: Quote = item.body.quote;
  const lines = quote.lines.map(({ product, variant, quantity }) => ({ product, variant, quantity }));
  const ask = asked ?? { lines, country: quote.country, ...(quote.discount && { code: quote.discount.code }), ...(quote.shipping && { shipping: quote.shipping.id }) };
  begin(room, ask, quote.until > Date.now() + 10_000 ? item : undefined, sameLines(lines, read(data.brand)));
}

const sameLines = (a: readonly CartLine[], b: readonly CartLine[]): boolean => JSON.stringify(a) === JSON.stringify(b);

// lastCountry is where the last order went, or where the shop is.
function lastCountry(room: Room): string {
  return [...room.engine.state.orders.values()].at(-1)?.quote.country || data.country || "DE";
}

function begin(room: Room, ask: AskBody, quote: Item | undefined, fromCart: boolean): void {
  if (data.closed) return room.notice(data.closed);
  const p: Purchase = { room, sheet: sheet(room, say("checkout")), ask, quote, fromCart };
  p.sheet.dialog.classList.add("is-checkout");
  draw(p);
  if (!quote) void price(p);
}

// draw is the first step: what, where to, how, and how much.
export function draw(p: Purchase, trouble?: Refusal | Pending | Error): void {
  const q = p.quote?.body.quote as Quote | undefined;
  p.sheet.title(say("checkout"));
  fill(p.sheet.body, q && quoteLines(q), country(p), q && delivery(p, q), q && code(p, q), q && sums(q), !q && !trouble && waiting(), trouble && problem(p, trouble), q && terms(q));
  fill(
    p.sheet.foot,
    q && h("p", { class: "sum is-total" }, h("span", {}, say("total")), h("span", {}, money(q.total))),
    button(say("checkout.on"), () => details(p), "button", { disabled: !q }),
  );
}

const waiting = (): HTMLElement => h("div", { class: "waiting", role: "status" }, h("p", {}, say("checkout.asking", data.name)));

// price asks for a quote and draws what comes. While it is out, what is shown stays, dimmed.
export async function price(p: Purchase, change: Partial<AskBody> = {}): Promise<void> {
  const ask = (p.ask = { ...p.ask, ...change });
  if (p.quote) p.sheet.dialog.setAttribute("aria-busy", "true");
  try {
    const item = await p.room.engine.ask(ask);
    if (ask !== p.ask) return;
    const body = item.body;
    if (!body?.quote) throw new Refusal(body?.refused ?? "", item);
    p.quote = item;
    if (p.sheet.open) draw(p);
  } catch (error) {
    if (ask !== p.ask || !p.sheet.open) return;
    p.quote = undefined;
    draw(p, error as Error);
  } finally {
    if (ask === p.ask) p.sheet.dialog.removeAttribute("aria-busy");
  }
}

function country(p: Purchase): HTMLElement {
  const list = h("select", { autocomplete: "shipping country", name: "country" });
  const names = all.map((c) => [c, countryName(c)] as const).sort((a, b) => a[1].localeCompare(b[1], data.locale));
  for (const [c, name] of names) add(list, h("option", { value: c, selected: c === p.ask.country }, name));
  list.addEventListener("change", () => {
    const { region: _r, postcode: _p, shipping: _s, ...rest } = p.ask;
    p.ask = { ...rest, country: list.value };
    void price(p);
  });
  return field(say("country"), list).element;
}

function delivery(p: Purchase, q: Quote): HTMLElement | false {
  if (q.digital || q.options.length === 0) return false;
  const option = (o: Quote["options"][number]): HTMLElement => {
    const radio = h("input", { type: "radio", name: "shipping", value: o.id, checked: o.id === q.shipping?.id });
    radio.addEventListener("change", () => void price(p, { shipping: o.id }));
    return h("label", { class: "option" }, radio, h("span", {}, h("b", {}, said(named(o))), o.days.max > 0 && h("span", { class: "muted" }, days(o.days))), h("span", { class: "amount" }, o.price.minor === 0 ? say("free") : money(o.price)));
  };
  return h("fieldset", { class: "choices-of" }, h("legend", {}, say("shipping")), q.options.map(option));
}

function days({ min, max }: { readonly min: number; readonly max: number }): string {
  return min > 0 && min < max ? say("days.other", `${number(min)}–${number(max)}`) : say(max === 1 ? "days.one" : "days.other", number(max));
}

function code(p: Purchase, q: Quote): HTMLElement {
  const input = h("input", { type: "text", maxlength: 50, autocapitalize: "characters", autocomplete: "off", value: p.ask.code ?? "", enterkeyhint: "done" });
  const f = field(say("code"), input);
  if (p.ask.code && q.codeRefused) f.wrong(say(has(`code.${q.codeRefused}`) ? `code.${q.codeRefused}` : "code.unknown", p.ask.code));
  const use = (e: Event): void => {
    e.preventDefault();
    const { code: _, ...rest } = p.ask;
    const typed = input.value.trim();
    p.ask = typed ? { ...rest, code: typed } : rest;
    void price(p);
  };
  return h("details", { class: "code-of", open: p.ask.code !== undefined }, h("summary", {}, say("code.have")), h("form", { onsubmit: use as EventListener }, f.element, h("button", { type: "submit", class: "button button-quiet" }, say("code.use"))));
}

// problem says why there is no price, and what to do.
export function problem(p: Purchase, error: Error): HTMLElement {
  if (error instanceof Pending) return h("div", { class: "problem", role: "status" }, h("p", {}, say("checkout.pending", data.name)), button(say("checkout.leave"), () => p.sheet.close()));
  const reason = error instanceof Refusal ? error.reason : "";
  const words = error instanceof Refusal ? refusal(reason) : say("failed");
  return h("div", { class: "problem", role: "alert", "data-reason": reason }, h("p", {}, h("b", {}, words), " ", has(`do.${reason}`) ? say(`do.${reason}`) : ""), reason === "not_delivered_there" ? where(p) : button(say("again"), () => (draw(p), void price(p))));
}

// where asks for the part of the country, which some shops deliver by.
function where(p: Purchase): HTMLElement {
  const postcode = field(say("postcode"), h("input", { type: "text", autocomplete: "shipping postal-code", maxlength: 20, value: p.ask.postcode ?? "" }));
  const ask = (e: Event): void => {
    e.preventDefault();
    const typed = postcode.input.value.trim();
    if (typed) void (draw(p), price(p, { postcode: typed }));
  };
  return h("form", { class: "where", onsubmit: ask as EventListener }, h("p", {}, say("do.not_delivered_there.postcode")), postcode.element, h("button", { type: "submit", class: "button button-quiet" }, say("again")));
}

// bought empties the cart of what was ordered from it.
export function bought(p: Purchase): void {
  if (p.fromCart) write(data.brand, read(data.brand).filter((l) => !p.ask.lines.some((a) => a.product === l.product && a.variant === l.variant)));
}
