// The second step of buying: to whom, where to, how it is paid; then the order itself.
import type { Address, Item, OrderView, Quote } from "../thread/types";
import { Pending, Refusal } from "../thread/types";
import { type AddressForm, addressForm, input, optional } from "./address";
import { named, refusal, sums } from "./cards";
import { bought, draw, price, type Purchase } from "./checkout";
import { button, fill, h, icon, said } from "./dom";
import { mailTo, offerKeeping, sendsMail } from "./keep";
import { terms } from "./ordersheet";
import { field } from "./sheet";
import { countryName, data, has, money, say } from "./words";

// changed are refusals after which a new quote is the way on.
const changed = new Set(["price_changed", "quote_expired", "quote_used", "quote_unknown", "expired"]);

export function details(p: Purchase): void {
  const quote: Quote = p.quote!.body.quote;
  const last = lastOrder(p);
  const mails = sendsMail(p.room.engine);
  const pickup = quote.shipping?.kind === "pickup";
  const name = field(say("name"), input("shipping name", { value: last?.order.contact.name, required: true, maxlength: 100 }));
  const email = field(optional(say("email")), input("email", { type: "email", value: last?.order.contact.email, maxlength: 254, dir: "ltr", inputmode: "email" }), say(mails ? "email.why" : "email.why.plain", data.name));
  const phone = field(optional(say("phone")), input("tel", { type: "tel", value: last?.order.contact.phone, maxlength: 40, dir: "ltr" }), say("phone.why"));
  const note = field(optional(say("note")), h("textarea", { rows: 2, maxlength: 1000, dir: "auto" }));
  const form = quote.digital || pickup ? undefined : addressForm(quote.country, last?.order.address?.country === quote.country ? last.order.address : {});
  const methods = h("fieldset", { class: "choices-of" }, h("legend", {}, say("payment")), quote.payments.map((m, at) => h("label", { class: "option" }, h("input", { type: "radio", name: "method", value: m.id, checked: at === 0 }), h("span", {}, h("b", {}, said(named(m))), h("span", { class: "muted" }, m.instructions ? said(m.instructions) : say(has(`method.${m.kind}`) ? `method.${m.kind}` : "method.bank", data.name))))));
  const state = h("div", { class: "placing", role: "status", "aria-live": "polite" });
  const totals = h("div", {}, sums(quote));
  const place = button(say(data.stale ? "order.request" : "order.place"), () => void order(), "button");
  const total = h("p", { class: "sum is-total" }, h("span", {}, say("total")), h("span", {}, money(quote.total)));

  p.sheet.title(say("details"));
  fill(
    p.sheet.body,
    button([icon("back"), say("checkout.back")], () => draw(p), "button-back"),
    h("h3", {}, say(form ? "to.country" : "for", countryName(quote.country))),
    h("form", { class: "form", autocomplete: "on", onsubmit: ((e: Event) => (e.preventDefault(), void order())) as EventListener }, name.element, form?.element, h("h3", {}, say("contact")), email.element, phone.element, note.element, h("button", { type: "submit", hidden: true, tabindex: -1 })),
    methods,
    h("h3", {}, say("total")),
    totals,
    terms(quote),
    state,
  );
  fill(p.sheet.foot, total, place, h("p", { class: "sum is-note" }, say(data.stale ? "order.request.means" : "order.means", data.name)));
  p.sheet.body.scrollTop = 0;

  const order = async (): Promise<void> => {
    const contact = contactOf();
    const address = form?.read();
    if (!contact || (form && !address)) return p.sheet.body.querySelector<HTMLElement>("[aria-invalid]")?.focus();
    if (place.disabled) return;
    place.disabled = true;
    p.sheet.dialog.setAttribute("aria-busy", "true");
    const known = new Set(p.room.engine.state.items.map((i) => i.id));
    const watching = p.room.engine.subscribe(({ items }) => {
      const mine = items.find((i) => i.kind === "order" && !known.has(i.id));
      fill(state, h("p", { class: "is-waiting" }, say(`placing.${mine?.state ?? "sending"}`, data.name)));
    });
    try {
      if (!(await settled(address))) return;
      if (contact.email && mails) await mailTo(p.room.engine, contact.email);
      const placed = await p.room.engine.order({ quote: p.quote!, contact, method: methodOf(), ...(address && { address }), ...(noteOf() && { note: noteOf() }) });
      done(placed);
    } catch (error) {
      watching();
      await failed(error as Error);
    } finally {
      watching();
      place.disabled = false;
      p.sheet.dialog.removeAttribute("aria-busy");
    }
  };
  const methodOf = (): string => methods.querySelector<HTMLInputElement>("input:checked")?.value ?? quote.payments[0]?.id ?? "";
  const noteOf = (): string => note.input.value.trim();

  const contactOf = (): { name: string; email?: string; phone?: string } | undefined => {
    const [n, e, t] = [name, email, phone].map((f) => f.input.value.trim()) as [string, string, string];
    name.wrong(n ? "" : say("missing.name"));
    const fine = e === "" || /^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(e);
    email.wrong(fine ? "" : say("wrong.email"));
    return n && fine ? { name: n, ...(e && { email: e }), ...(t && { phone: t }) } : undefined;
  };

  // settled makes sure that the total holds for the very address, and lives long enough.
  const settled = async (address: Address | undefined): Promise<boolean> => {
    const there: Quote = p.quote!.body.quote;
    const moved = address && (address.region !== p.ask.region || address.postcode !== p.ask.postcode);
    if (!moved && there.until > Date.now() + 20_000) return true;
    const { region: _r, postcode: _p, ...rest } = p.ask;
    return renew({ ...rest, ...(form as AddressForm | undefined)?.place() }, there, false);
  };

  // renew asks for the price anew and says what changed; it is true when nothing did.
  const renew = async (ask: Purchase["ask"], before: Quote, always: boolean): Promise<boolean> => {
    const item = await p.room.engine.ask(ask);
    if (!item.body?.quote) throw new Refusal(item.body?.refused ?? "", item);
    p.ask = ask;
    p.quote = item;
    const now: Quote = item.body.quote;
    fill(totals, sums(now));
    total.lastElementChild!.textContent = money(now.total);
    if (now.total.minor === before.total.minor && now.total.currency === before.total.currency && !always) return true;
    fill(state, h("div", { class: "problem", role: "alert" }, h("p", {}, h("b", {}, say(now.total.minor === before.total.minor ? "total.same" : "total.changed", money(before.total), money(now.total))), " ", say("total.again"))));
    state.scrollIntoView({ block: "nearest" });
    return false;
  };

  const failed = async (error: Error): Promise<void> => {
    if (error instanceof Refusal && changed.has(error.reason)) {
      try {
        await renew(p.ask, p.quote!.body.quote, true);
        return;
      } catch (again) {
        error = again as Error;
      }
    }
    if (error instanceof Pending) {
      bought(p);
      return void fill(state, h("div", { class: "problem", role: "status" }, h("p", {}, h("b", {}, say(`placing.${error.state}`, data.name)), " ", say("placing.leave")), button(say("checkout.leave"), () => p.sheet.close())));
    }
    const reason = error instanceof Refusal ? error.reason : "";
    fill(state, h("div", { class: "problem", role: "alert" }, h("p", {}, h("b", {}, error instanceof Refusal ? refusal(reason) : say("failed")), " ", has(`do.${reason}`) ? say(`do.${reason}`) : ""), reason === "out_of_stock" && button(say("checkout.back"), () => (draw(p), void price(p)))));
    state.scrollIntoView({ block: "nearest" });
  };

  const done = (placed: Item): void => {
    bought(p);
    p.sheet.close();
    p.room.notice(say("placed", data.name));
    requestAnimationFrame(() => p.room.show(placed.id));
    offerKeeping(p.room, p.room.engine.state);
  };
}

const lastOrder = (p: Purchase): OrderView | undefined => [...p.room.engine.state.orders.values()].at(-1);
