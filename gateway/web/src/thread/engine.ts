// The engine of one conversation: what pages call, made of what is kept, sent and
// received.
import { hex, type Bytes } from "../verify/bytes";
import { CID } from "../verify/cid";
import { Refused } from "../verify/refused";
import { writeFile, writeMoney, writeParts } from "./bodies";
import type { Page, Tools } from "./book";
import type { Tree } from "./crypto/cbor";
import { takeAway } from "./export";
import { openFile, sealPhoto } from "./files";
import type { Hub, Member } from "./hub";
import type { FileRow } from "./keep";
import { codeText, identityOf, type Link, linkText, parseCode, parseLink, seedOf } from "./keys";
import { Unproven } from "./proven";
import { subscribe } from "./push";
import { makeReceipt } from "./receipt";
import type { Self } from "./self";
import * as types from "./types";
import { isTelling, itemsOf, ordersOf } from "./view";
import { type Draft, linkDraft, write } from "./write";

// How long a page waits for an answer before it is told that there is none yet.
const patience = { direct: 20_000, relayed: 12_000, placing: 30_000 };
const lateFor = 7 * 24 * 3_600_000;

export class Talk implements types.Engine {
  state: types.State;
  private readonly listeners = new Set<(s: types.State) => void>();
  private items = new Map<string, types.Item>();
  private readonly urls = new Map<string, Promise<string>>();
  private member!: Member;

  private constructor(
    private readonly hub: Hub,
    private readonly self: Self,
    private readonly options: types.Options,
  ) {
    const { keep } = hub.tools;
    this.state = { ready: false, online: true, protected: globalThis.isSecureContext === true, persisted: keep.persisted, items: [], orders: new Map(), unread: 0 };
  }

  static async open(hub: Hub, self: Self, options: types.Options): Promise<Talk> {
    const talk = new Talk(hub, self, options);
    let opened = false;
    talk.member = await hub.open(options, () => opened && talk.changed());
    opened = true;
    talk.changed();
    void talk.prepare();
    return talk;
  }

  // prepare has the brand's prekey proven before it is needed, and looks for a
  // conversation of an identity that was brought here.
  private async prepare(): Promise<void> {
    const { courier } = this.member;
    const brand = await courier.prove().catch((error: unknown) => this.trouble(error));
    if (brand?.prekey) this.set({ offers: { mail: brand.prekey.mail, ...(brand.prekey.push ? { push: brand.prekey.push } : {}) } });
    if (!this.page && this.self.restored) {
      const identity = this.identity();
      const thread = await courier.find(identity).catch(() => undefined);
      if (thread) await courier.enter({ kind: "i", seed: identity, thread }).catch((error: unknown) => this.trouble(error));
    }
    this.set({ ready: true });
  }

  subscribe(fn: (s: types.State) => void): () => void {
    this.listeners.add(fn);
    fn(this.state);
    return () => void this.listeners.delete(fn);
  }

  async begin(): Promise<void> {
    if (this.page) return;
    try {
      await this.member.courier.create(this.identity());
    } catch (error) {
      this.trouble(error);
      throw new types.Refusal(error instanceof Unproven ? error.trouble : "offline");
    }
  }

  async say(text: string, about?: string): Promise<void> {
    await this.write({ kind: "text", body: { text, about: about || undefined } });
  }

  async photo(file: Blob, text?: string): Promise<void> {
    const { ref, bytes } = await sealPhoto(file);
    const row: FileRow = { brand: this.options.brand, blob: ref.blob, bytes, sent: false };
    await this.write({ kind: "photo", body: { file: writeFile(ref), text: text || undefined } }, [row]);
  }

  async ask(a: types.AskBody): Promise<types.Item> {
    const lines = a.lines.map(({ product, variant, quantity }) => ({ product, variant, quantity }));
    const body = { lines, country: a.country, region: a.region || undefined, postcode: a.postcode || undefined, code: a.code || undefined, shipping: a.shipping || undefined };
    const id = await this.write({ kind: "quote.ask", body });
    const wait = this.options.direct ? patience.direct : patience.relayed;
    const quote = await this.until(id, wait, () => this.state.items.find((i) => i.kind === "quote" && !i.mine && i.body?.ask === id));
    const refused = (quote.body as types.QuoteBody).refused;
    if (refused) throw new types.Refusal(refused, quote);
    return quote;
  }

  async order(o: types.Placement): Promise<types.Item> {
    const quote = (o.quote.body as types.QuoteBody).quote;
    if (!quote) throw new types.Refusal("quote_unknown", o.quote);
    const body: Tree = {
      quote: CID.parse(o.quote.id), records: quote.lines.map((l) => CID.parse(l.offer)), contact: texts(o.contact), method: o.method, note: o.note || undefined,
      address: o.address && texts(o.address), billing: o.billing && texts(o.billing), maxTotal: writeMoney(quote.total), until: quote.until + lateFor,
    };
    const id = await this.write({ kind: "order", body });
    return this.until(id, patience.placing, () => this.state.items.find((i) => i.id === id && i.state === "committed"));
  }

  async cancel(order: string, reason?: string): Promise<void> {
    await this.write({ kind: "cancel", body: { order: CID.parse(order), reason: reason || undefined } });
  }

  async giveBack(order: string, lines: readonly types.ReturnLine[], reason: string | undefined, withdrawal: boolean): Promise<void> {
    await this.write({ kind: "return", body: { order: CID.parse(order), lines: writeParts(lines), reason: reason || undefined, withdrawal } });
  }

  async callback(c: types.Callback | null): Promise<void> {
    await this.begin();
    if (!c) return void (await this.write({ kind: "callback", body: {} }));
    const push = c.push && { endpoint: c.push.endpoint, p256dh: c.push.p256dh as Bytes, auth: c.push.auth as Bytes };
    const link = await linkDraft(this.hub.tools, this.need());
    await this.write({ kind: "callback", body: { email: c.email || undefined, push, on: c.on, gateway: location.origin, ...link } });
  }

  push(vapid: string): Promise<types.Push> {
    return subscribe(vapid, this.options.brand);
  }

  async erase(): Promise<void> {
    if (!this.page) return;
    const id = await this.write({ kind: "erase", body: {} });
    await this.until(id, patience.placing, () => (this.page && !this.isErased(this.page) ? undefined : gone));
  }

  exportAll(): Promise<Blob> {
    return takeAway(this.need(), this.state, (f) => this.file(f));
  }

  async receipt(order: string): Promise<Blob> {
    return makeReceipt(this.hub.tools, this.need(), this.state.orders.get(order));
  }

  code(): string {
    return codeText(this.self.code);
  }

  link(): string {
    const { secrets, row } = this.need();
    const [kind, seed] = secrets.identity ? (["i", secrets.identity] as const) : (["l", secrets.link!] as const);
    const name = this.options.base ? this.options.base.replace(/^\/@/, "") : this.options.brand;
    return `${location.origin}/t/${name}#k=${linkText({ kind, seed, thread: CID.parse(row.thread) })}`;
  }

  async restore(codeOrLink: string): Promise<void> {
    const code = parseCode(codeOrLink);
    const link = code ? await this.byCode(code) : parseLink(codeOrLink);
    if (!code && !link) throw new types.Refusal("bad_code");
    if (!link || link.thread.text === this.page?.row.thread) return;
    await this.member.courier.enter(link).catch((error: unknown) => {
      throw error instanceof Refused ? new types.Refusal(error.reason === "other_brand" ? error.reason : "bad_code") : error;
    });
    this.member.poke();
  }

  // byCode makes the code that of this browser and finds its conversation with the brand.
  private async byCode(code: Bytes): Promise<Link | undefined> {
    const seed = identityOf(seedOf(code), CID.parse(this.options.brand));
    const thread = await this.member.courier.find(seed);
    await this.self.become(code);
    return thread && { kind: "i", seed, thread };
  }

  devices(): readonly types.Device[] {
    const here = this.page ? hex(this.page.row.device) : "";
    const known = this.page?.row.chain.devices ?? [];
    return known.map(({ key, since, removed }) => ({ key, since, removed, here: key === here }));
  }

  async removeDevice(key: string): Promise<void> {
    const device = Uint8Array.from(key.match(/../g) ?? [], (b) => parseInt(b, 16));
    await this.write({ kind: "dev.del", body: { device } }); // the courier then begins a new epoch
  }

  async read(): Promise<void> {
    await this.member.book.change(async ({ row }) => ({ edit: row.read < row.chain.seq ? { row: { read: row.chain.seq } } : undefined, result: undefined }));
  }

  fileURL(f: types.FileRef): Promise<string> {
    const known = this.urls.get(f.blob);
    if (known) return known;
    const url = this.file(f).then((blob) => URL.createObjectURL(blob));
    this.urls.set(f.blob, url);
    url.catch(() => this.urls.delete(f.blob));
    return url;
  }

  close(): void {
    this.hub.close();
    for (const url of this.urls.values()) void url.then((u) => URL.revokeObjectURL(u), () => {});
    this.listeners.clear();
  }

  private get page(): Page | undefined {
    return this.member.book.page;
  }

  private get tools(): Tools {
    return this.hub.tools;
  }

  private need(): Page {
    return this.page ?? refuse("no_conversation");
  }

  private identity(): Bytes {
    return identityOf(seedOf(this.self.code), CID.parse(this.options.brand));
  }

  // file returns a file as it was before it was sealed, from here or from the gateway.
  private async file(f: types.FileRef): Promise<Blob> {
    const { row } = this.need();
    const kept = await this.tools.keep.file(row.brand, f.blob);
    if (kept) return openFile(f, kept.bytes);
    const bytes = await this.tools.api.blob(row.thread, await this.member.courier.request(), f.blob);
    const opened = await openFile(f, bytes);
    await this.member.book.change(async () => ({ edit: { files: [{ brand: row.brand, blob: f.blob, bytes, sent: true }] }, result: undefined }));
    return opened;
  }

  // write puts a draft into the outbox and returns the name of its entry.
  private async write(draft: Draft, files: readonly FileRow[] = []): Promise<string> {
    await this.begin();
    if (this.page?.row.removed) throw new types.Refusal("device_removed");
    const out = await this.member.book.change((page) => write(this.tools, page, [draft], files));
    return out?.at(-1)?.id ?? refuse("no_conversation");
  }

  // until waits for an item, the refusal of the entry it answers, or the end of patience.
  private until(id: string, patience: number, find: () => types.Item | undefined): Promise<types.Item> {
    return new Promise((done, failed) => {
      const entry = () => this.state.items.find((i) => i.id === id);
      let stop = (): void => {};
      const timer = setTimeout(() => end(() => failed(new types.Pending(entry()?.state ?? "sending", entry()))), patience);
      const end = (then: () => void): void => {
        clearTimeout(timer);
        queueMicrotask(() => stop());
        then();
      };
      stop = this.subscribe(() => {
        const [found, asked] = [find(), entry()];
        if (found) end(() => done(found));
        else if (asked?.state === "refused") end(() => failed(new types.Refusal(asked.reason ?? "refused", asked)));
      });
    });
  }

  private isErased({ row, lines }: Page): boolean {
    return row.erased || lines.some((l) => l.mine && l.header.kind === "erase" && !l.place.refused);
  }

  private changed(): void {
    const page = this.page;
    if (page && this.isErased(page)) return void this.forget();
    const { online, trouble } = this.member.courier.standing;
    const items = page ? itemsOf(page, this.items) : [];
    this.items = new Map(items.filter((i) => i.seq !== undefined).map((i) => [i.id, i]));
    const times = new Map(page?.lines.map((l) => [l.header.id.text, l.place.time]));
    const orders = ordersOf(items, (item) => times.get(item.id) ?? item.time);
    const unread = items.filter((i) => isTelling(i) && i.seq! > page!.row.read).length;
    const own = page?.row.removed ? "removed" : page?.row.trouble;
    const { trouble: _, thread: __, ...rest } = this.state;
    const why = own ?? trouble;
    this.state = { ...rest, online, items, orders, unread, ...(page ? { thread: page.row.thread } : {}), ...(why ? { trouble: why } : {}) };
    this.tell();
  }

  // forget removes what was erased. A brand knows an erased identity for what it was, so
  // a conversation after it begins with a new code, unless others hang on this one.
  private async forget(): Promise<void> {
    await this.member.book.forget();
    if (!(await this.tools.keep.shops()).length) await this.self.renew();
    this.set({ trouble: "erased" });
  }

  private set(part: Partial<types.State>): void {
    this.state = { ...this.state, ...part };
    this.tell();
  }

  private trouble(error: unknown): undefined {
    if (error instanceof Unproven) this.set({ trouble: error.trouble });
    else this.set({ online: false });
  }

  private tell(): void {
    for (const fn of [...this.listeners]) fn(this.state);
  }
}

const gone: types.Item = { id: "", mine: true, kind: "erase", body: undefined, time: 0, state: "erased" };

const refuse = (reason: string): never => {
  throw new types.Refusal(reason);
};

// texts leaves out what is empty.
function texts(of: object): Tree {
  return Object.fromEntries(Object.entries(of).filter(([, v]) => typeof v === "string" && v !== "")) as Tree;
}
