// Receiving: what comes down is opened, checked and put behind what is there. Nothing
// counts that the chain doesn't carry (specs/16-thread.md).
import { hex } from "../verify/bytes";
import { Refused } from "../verify/refused";
import type { Numbered } from "./api";
import { type Book, type Page, threadOf, type Tools, type Worked } from "./book";
import { after, check, type Committed, type Place, type Read, read, Unknown } from "./chain";
import { type EntryParcel, openEnvelope, readEnvelope, type Welcome } from "./envelope";
import type { ItemRow, ShopRow } from "./keep";
import { advance, type Secrets, secretOf } from "./secrets";

// Received says what is to be done next.
export interface Received {
  readonly gap: boolean; // something is missing before what came
  readonly resync?: number; // the brand has no more than this many commits
  readonly stranger: boolean; // signed by a key that the brand isn't known to have
}

const nothing: Received = { gap: false, stranger: false };

// take takes envelopes in, as far as they continue the chain. next is the place in the
// relay's box, undefined for envelopes that came by themselves.
export async function take(book: Book, envelopes: readonly Numbered[], next?: number): Promise<Received> {
  if (!envelopes.length && next === undefined) return nothing;
  const got = await book.change(async (page) => {
    const intake = new Intake(book.tools, page);
    for (const { n, bytes } of envelopes) await intake.envelope(n, bytes);
    await intake.inOrder();
    if (next !== undefined) intake.cursor = Math.max(intake.cursor, next);
    return intake.done();
  });
  return got ?? nothing;
}

class Intake {
  cursor: number;
  private place: Place;
  private row: Partial<ShopRow> = {};
  private secrets: Secrets;
  private readonly items: ItemRow[] = [];
  private readonly drop: number[] = [];
  private readonly waiting: { read: Read; parcel: EntryParcel }[] = [];
  private resync: number | undefined;
  private gap = false;
  private stranger = false;

  constructor(
    private readonly tools: Tools,
    private readonly page: Page,
  ) {
    const { seq, commit, devices, cursor } = page.row;
    this.place = { seq, commit, devices };
    this.secrets = page.secrets;
    this.cursor = cursor;
  }

  // envelope opens one. What can't be opened is passed over: it was damaged on the way,
  // or is of an epoch that a join will bring.
  async envelope(n: number, bytes: Numbered["bytes"]): Promise<void> {
    if (!this.page.row.direct) this.cursor = Math.max(this.cursor, n);
    const envelope = refusable(() => readEnvelope(bytes));
    if (!envelope || envelope.dir !== "down" || envelope.thread.text !== this.page.row.thread) return;
    const { join } = this.secrets;
    const isWelcome = envelope.join !== undefined && envelope.join.text === join?.id.text;
    const secret = isWelcome ? join?.secret : secretOf(this.secrets, envelope.epoch);
    const parcel = secret && (await openEnvelope(secret, envelope).catch(refusedIs(undefined)));
    if (!parcel) return this.unopened(envelope.epoch, envelope.join !== undefined);
    if (parcel.kind === "welcome" && isWelcome) this.welcome(parcel);
    if (parcel.kind === "resync") this.resync = Math.min(this.resync ?? Infinity, parcel.have);
    if (parcel.kind === "entry") this.keepWaiting(parcel);
  }

  private unopened(epoch: number, welcome: boolean): void {
    const { pending } = this.secrets;
    if (!welcome && (epoch > this.page.row.epoch || epoch === pending?.epoch)) this.row = { ...this.row, joining: true };
    this.gap ||= !welcome;
  }

  welcome({ epoch, secret, write, seq }: Welcome): void {
    const now = this.tools.clock.now();
    this.secrets = { ...advance(this.secrets, epoch, secret, now), write, join: undefined };
    this.row = { ...this.row, joining: false, epoch, epochSeq: seq, epochTime: now };
    if (seq < this.place.seq) this.resync = seq;
    else this.gap ||= seq > this.place.seq;
  }

  private keepWaiting(parcel: EntryParcel): void {
    const item = refusable(() => read(threadOf({ ...this.page, row: this.page.row }, this.tools.verify), parcel));
    if (item) this.waiting.push({ read: item, parcel });
  }

  // inOrder takes what waits, in the order of the chain, as far as it goes.
  async inOrder(): Promise<void> {
    this.waiting.sort((a, b) => a.read.commit.seq - b.read.commit.seq);
    const thread = threadOf(this.page, this.tools.verify);
    for (const { read, parcel } of this.waiting) {
      if (read.commit.seq <= this.place.seq) {
        this.again(read);
        continue;
      }
      if (read.commit.seq > this.place.seq + 1) return void (this.gap = true);
      try {
        this.accept(await check(thread, this.place, read, parcel), parcel);
      } catch (error) {
        if (error instanceof Unknown) return void (this.stranger = true);
        if (!(error instanceof Refused)) throw error;
        this.row = { ...this.row, trouble: "forged" };
        return;
      }
    }
  }

  // again sees a place for the second time: the brand may not have two commits for it.
  private again({ commit }: Read): void {
    const known = this.page.lines.find((l) => l.seq === commit.seq)?.place.id.text;
    if (known !== undefined && known !== commit.id.text) this.row = { ...this.row, trouble: "forked" };
  }

  private accept(committed: Committed, parcel: EntryParcel): void {
    this.place = after(this.place, committed);
    const { seq } = committed.commit;
    this.items.push({ brand: this.page.row.brand, seq, entry: parcel.entry, commit: parcel.commit!, salt: parcel.salt, body: parcel.body });
    const mine = this.page.out.find((o) => o.id === committed.entry.id.text);
    if (mine) this.drop.push(mine.dseq);
    this.effect(committed, seq);
  }

  // effect is what an entry does to this browser's own state.
  private effect({ entry, commit, mine }: Committed, seq: number): void {
    const { pending } = this.secrets;
    const ours = pending?.entry.text === entry.id.text;
    if (entry.kind === "rekey" && mine && !commit.refused) {
      const now = this.tools.clock.now();
      if (ours) this.secrets = advance(this.secrets, pending!.epoch, pending!.secret, now);
      const epoch = ours ? { epoch: pending!.epoch, epochSeq: seq, epochTime: now } : { joining: this.row.joining ?? this.isBehind(seq) };
      this.row = { ...this.row, ...epoch };
    }
    if (ours && commit.refused) this.secrets = { ...this.secrets, pending: undefined };
    if (!mine && entry.kind === "erased") this.row = { ...this.row, erased: true };
    const here = hex(this.page.row.device);
    if (this.place.devices.some((d) => d.removed && d.key === here)) this.row = { ...this.row, removed: true };
  }

  // isBehind says whether a rekey of another device is news: a welcome may have brought
  // what it began.
  private isBehind(seq: number): boolean {
    return seq > (this.row.epochSeq ?? this.page.row.epochSeq);
  }

  done(): Worked<Received> {
    const { seq, commit, devices } = this.place;
    const result = { gap: this.gap, stranger: this.stranger, ...(this.resync === undefined ? {} : { resync: this.resync }) };
    const same = !this.items.length && this.cursor === this.page.row.cursor && this.secrets === this.page.secrets && !Object.keys(this.row).length;
    if (same) return { result };
    const row = { ...this.row, seq, commit, devices, cursor: this.cursor };
    const secrets = this.secrets === this.page.secrets ? {} : { secrets: this.secrets };
    return { edit: { row, items: this.items, drop: this.drop, ...secrets }, result };
  }
}

function refusable<T>(run: () => T): T | undefined {
  try {
    return run();
  } catch (error) {
    return refusedIs<T | undefined>(undefined)(error);
  }
}

const refusedIs =
  <T>(otherwise: T) =>
  (error: unknown): T => {
    if (error instanceof Refused) return otherwise;
    throw error;
  };
