// A scripted engine, to look at the pages and to test them without a server behind
// them. It is never part of what is shipped.
import type { AskBody, Callback, Delivery, Device, Engine, FileRef, Item, Money, OrderView, Placement, Quote, ReturnLine, State } from "../../thread/types";
import { Pending, Refusal } from "../../thread/types";
import { goods, variantOf } from "../goods";
import { data } from "../words";

const params = new URLSearchParams(location.search);
const scene = params.get("scene") ?? sessionStorage.getItem("scene") ?? "empty";
sessionStorage.setItem("scene", scene);

const eur = (minor: number): Money => ({ minor, currency: data.currency || "EUR" });

export class Fake implements Engine {
  state: State;
  private items: Item[] = [];
  private orders = new Map<string, OrderView>();
  private listeners = new Set<(s: State) => void>();
  private n = 0;
  private seen = 0;

  constructor() {
    this.state = { ready: true, online: scene !== "offline", protected: scene !== "plain", persisted: scene !== "passing", items: [], orders: new Map(), unread: 0, ...{ offers: { mail: true } }, ...(scene === "forked" && { trouble: "forked" as const }) };
    void this.play();
  }

  private tell(): void {
    const unread = this.items.filter((i) => !i.mine && (i.seq ?? 0) > this.seen).length;
    this.state = { ...this.state, items: [...this.items], orders: new Map(this.orders), unread };
    for (const fn of this.listeners) fn(this.state);
  }

  private put(mine: boolean, kind: string, body: unknown, time = Date.now(), state: Delivery = "committed"): Item {
    const item: Item = { id: `i${++this.n}`, ...(state === "committed" && { seq: this.n }), mine, kind, body, time, state };
    this.items.push(item);
    this.tell();
    return item;
  }

  private set(item: Item, change: Partial<Item>): Item {
    const next = { ...item, ...change, ...(change.state === "committed" && { seq: ++this.n }) };
    this.items = this.items.map((i) => (i.id === item.id ? next : i));
    this.tell();
    return next;
  }

  private async play(): Promise<void> {
    if (scene === "empty" || scene === "forked") return;
    const product = params.get("p") ?? { "Lindenhof Tea": "uji-sencha", Vantar: "back-glass-s4" }[data.name] ?? "baume-demaquillant";
    const t = Date.now() - 26 * 3_600_000;
    this.put(true, "text", { text: "Hello! Is the sencha from this spring already in?", about: product }, t);
    this.put(false, "text", { text: "Good morning. Yes, it came in on Tuesday." }, t + 240_000);
    this.put(false, "text", { text: "It is sweeter than last year's. If you brew it, keep the water below 70 °C and don't wait longer than a minute; the second infusion takes only seconds." }, t + 260_000);
    this.put(false, "card", { product, text: "This is the one." }, t + 270_000);
    this.put(true, "text", { text: "Lovely, thank you." }, t + 600_000);
    if (scene === "nasty") this.nasty(t + 700_000, product);
    this.seen = this.n;
    if (scene !== "talk" && scene !== "offline" && scene !== "plain") await this.trade(product);
    if (scene !== "sold") this.put(true, "text", { text: "One more question: do you ship to Norway?" }, Date.now() - 60_000, scene === "offline" ? "sending" : "stored");
    this.tell();
  }

  private nasty(t: number, product: string): void {
    this.put(false, "text", { text: "\u202Eevil\u202C <img src=x onerror=alert(1)> <script>alert(2)</script> https://example.com/a?b=c\u202Egnp.exe" }, t);
    this.put(true, "text", { text: "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft".repeat(3) }, t + 1000);
    this.put(false, "text", { text: "这款茶来自宇治，适合用七十度的水冲泡。如果您喜欢更浓的味道，可以多等半分钟。" }, t + 2000);
    this.put(false, "text", { text: "مرحبا، نعم لدينا هذا الشاي في المخزون." }, t + 3000);
    this.put(false, "card", { product: "no-such-thing" }, t + 4000);
    this.put(false, "card", { product, variant: "nope" }, t + 5000);
    this.put(true, "text", undefined, t + 6000, "erased");
    this.put(true, "text", { text: "This one wasn't taken." }, t + 7000, "refused");
    this.put(false, "unheard-of", { x: 1 }, t + 8000);
  }

  private async trade(product: string): Promise<void> {
    const quote = await this.quoteOf({ lines: [{ product, variant: "", quantity: 2 }], country: data.country }, Date.now() - 7_000_000);
    const placed = this.placed({ quote, contact: { name: "Ada Example" }, address: { street: "Lindenweg 4", city: "Bremen", postcode: "28195", country: "DE" }, method: "bank" }, Date.now() - 6_900_000);
    const order = placed.id;
    this.event(order, false, "payment", { order, amount: (quote.body.quote as Quote).total, method: "bank" }, { payment: "paid", due: eur(0), canCancel: true });
    this.event(order, false, "shipment", { order, lines: [{ line: 0, quantity: 2 }], carrier: "DHL", tracking: "00340434161094042557", url: "https://example.com/track" }, { fulfilment: "shipped", canCancel: false, canReturn: true });
    if (scene === "returned") {
      this.event(order, false, "delivered", { order }, { fulfilment: "delivered" });
      const back = this.event(order, true, "return", { order, lines: [{ line: 0, quantity: 1 }], reason: "Too strong for me", withdrawal: true }, { return: "requested" });
      this.event(order, false, "return.answer", { order, return: back.id, accepted: true, text: "Of course. Please send it to the address on the parcel." }, { return: "accepted" });
      this.event(order, false, "refund", { order, amount: eur(1290) }, { payment: "partly_refunded" });
    }
    if (scene === "unread") {
      this.seen = this.n;
      this.put(false, "text", { text: "Your parcel left us this morning." });
      this.put(false, "text", { text: "Enjoy it!" });
    }
  }

  private event(order: string, mine: boolean, kind: string, body: unknown, change: Partial<OrderView>): Item {
    const item = this.put(mine, kind, body, Date.now() - 3_600_000);
    const view = this.orders.get(order)!;
    this.orders.set(order, { ...view, ...change, events: [...view.events, item] });
    this.tell();
    return item;
  }

  private async quoteOf(a: AskBody, time = Date.now()): Promise<Item> {
    const lines = await Promise.all(
      a.lines.map(async (l) => {
        const g = await goods(l.product);
        const v = g && variantOf(g, l.variant);
        const unit = eur(v?.offer?.price.minor ?? 1000);
        return { product: l.product, variant: v?.id ?? l.variant, offer: "bafy", title: g?.title ?? l.product, options: v?.options ?? [], quantity: l.quantity, unit, total: eur(unit.minor * l.quantity), discount: eur(0), taxClass: "standard", taxRate: 19_000, tax: eur(0), digital: false };
      }),
    );
    const goodsTotal = lines.reduce((sum, l) => sum + l.total.minor, 0);
    const off = a.code === "TEN" ? Math.round(goodsTotal / 10) : 0;
    const options = [
      { id: "std", name: "Parcel", price: eur(490), days: { min: 2, max: 4 }, kind: "flat", taxRate: 19_000, tax: eur(78) },
      { id: "fast", name: "Express", price: eur(1290), days: { min: 0, max: 1 }, kind: "flat", taxRate: 19_000, tax: eur(200) },
      { id: "pickup", name: "", price: eur(0), days: { min: 0, max: 0 }, kind: "pickup", taxRate: 19_000, tax: eur(0) },
    ];
    const shipping = options.find((o) => o.id === a.shipping) ?? options[0]!;
    const total = goodsTotal - off + shipping.price.minor;
    const quote: Quote = {
      lines, goods: eur(goodsTotal), ...(off && { discount: { code: "TEN", amount: eur(off), freeShipping: false } }), ...(a.code && !off && { codeRefused: "unknown" }), returns: { days: 14, text: "" }, shipping, options, tax: eur(Math.round(total - total / 1.19)), taxIncluded: true,
      total: eur(total), currency: data.currency, country: a.country, digital: false, until: time + 900_000,
      payments: [{ id: "bank", kind: "bank", name: "Bank transfer" }, { id: "cod", kind: "cod", name: "Cash on delivery" }],
    };
    const ask = this.put(true, "quote.ask", a, time);
    return this.put(false, "quote", { ask: ask.id, quote }, time + 1);
  }

  private placed(o: Placement, time = Date.now()): Item {
    const quote = o.quote.body.quote as Quote;
    const item = this.put(true, "order", { quote: o.quote.id, records: [], contact: o.contact, address: o.address, method: o.method, maxTotal: quote.total, until: time + 9e5 }, time);
    const method = quote.payments.find((p) => p.id === o.method);
    this.orders.set(item.id, {
      id: item.id, number: 1001 + this.orders.size, instructions: "Lindenhof Tea, DE02 1203 0000 0000 2020 51, reference 1001", placed: time, order: item.body, quote, quoteId: o.quote.id,
      ...(method && { method }), paid: eur(0), refunded: eur(0), due: quote.total, owed: eur(0), shipped: [0], returnable: [2], events: [item], canCancel: true, canReturn: false,
      state: "placed", payment: "unpaid", fulfilment: "unfulfilled", return: "none",
    });
    this.put(false, "order.number", { order: item.id, number: 1001 }, time + 1);
    return item;
  }

  subscribe(fn: (s: State) => void): () => void {
    this.listeners.add(fn);
    fn(this.state);
    return () => void this.listeners.delete(fn);
  }
  async begin(): Promise<void> {}
  async say(text: string, about?: string): Promise<void> {
    const item = this.put(true, "text", { text, ...(about && { about }) }, Date.now(), "sending");
    setTimeout(() => this.set(item, { state: "committed" }), 400);
    if (/hello/i.test(text)) setTimeout(() => this.put(false, "text", { text: "Hello! How can we help?" }), 900);
  }
  async photo(file: Blob, text?: string): Promise<void> {
    const ref = { blob: URL.createObjectURL(file), key: new Uint8Array(), type: file.type, size: file.size, width: 800, height: 600 };
    this.put(true, "photo", { file: ref, text });
  }
  async ask(a: AskBody): Promise<Item> {
    await wait(params.has("slow") ? 3000 : 150);
    if (a.country === "NO") throw new Refusal("not_delivered_there");
    if (params.has("pending")) throw new Pending("stored");
    return this.quoteOf(a);
  }
  async order(o: Placement): Promise<Item> {
    await wait(params.has("slow") ? 3000 : 300);
    const refuse = params.get("refuse");
    if (refuse) throw new Refusal(refuse);
    if (params.has("late")) throw new Pending("received");
    return this.placed(o);
  }
  async cancel(order: string): Promise<void> {
    this.event(order, true, "cancel", { order }, { state: "cancelled", canCancel: false });
  }
  async giveBack(order: string, lines: readonly ReturnLine[], reason: string | undefined, withdrawal: boolean): Promise<void> {
    this.event(order, true, "return", { order, lines, reason, withdrawal }, { return: "requested", canReturn: false });
  }
  async callback(_: Callback | null): Promise<void> {}
  async push(): Promise<never> {
    throw new Refusal("push_unsupported");
  }
  async erase(): Promise<void> {
    this.items = [];
    this.orders.clear();
    this.tell();
  }
  async exportAll(): Promise<Blob> {
    return new Blob(["{}"]);
  }
  async receipt(): Promise<Blob> {
    return new Blob(["receipt"]);
  }
  code(): string {
    return "7K3M-9QXT-2VBN-HC4R-8WZJ-D5FP-6A";
  }
  link(): string {
    return `${location.origin}${data.url}#k=AWkAAAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKissLS4vMDEyMzQ1Njc4OTo7PD0-Pw`;
  }
  async restore(code: string): Promise<void> {
    if (!code.includes("7K3M") && !code.includes("#k=")) throw new Refusal("bad_code");
  }
  devices(): readonly Device[] {
    return [
      { key: "aa01", here: true, removed: false, since: Date.now() - 86_400_000 },
      { key: "bb02", here: false, removed: false, since: Date.now() - 30 * 86_400_000 },
    ];
  }
  async removeDevice(): Promise<void> {}
  async read(): Promise<void> {
    this.seen = this.n;
    this.tell();
  }
  async fileURL(f: FileRef): Promise<string> {
    return f.blob;
  }
  close(): void {}
}

const wait = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));
