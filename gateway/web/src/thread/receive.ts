// Receiving: what comes down is opened, checked and put behind what is there. Nothing
// counts that the chain doesn't carry (specs/16-thread.md).
import { hex } from "../verify/bytes";
import { Refused } from "../verify/refused";
import type { Numbered } from "./api";
import { type Book, type Page, threadOf, type Tools, type Worked } from "./book";
import { type Chain, type Committed, follow, Unknown } from "./chain";
import { type Handed, openEnvelope, readEnvelope, type Welcome } from "./envelope";
import type { ItemRow, ShopRow } from "./keep";
import { readCommit } from "./objects";
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
  private chain: Chain;
  private row: Partial<ShopRow> = {};
  private secrets: Secrets;
  private readonly items: ItemRow[] = [];
  private readonly drop: number[] = [];
  private readonly waiting: { seq: number; item: Handed }[] = [];
  private resync: number | undefined;
  private gap = false;
  private stranger = false;

  constructor(
    private readonly tools: Tools,
    private readonly page: Page,
  ) {
    this.chain = page.row.chain;
    this.secrets = page.secrets;
    this.cursor = page.row.cursor;
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
    if (parcel.kind === "entry" && parcel.commit) this.keepWaiting({ ...parcel, commit: parcel.commit });
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
    if (seq < this.chain.seq) this.resync = seq;
    else this.gap ||= seq > this.chain.seq;
  }

  private keepWaiting({ entry, commit, salt, body }: Handed): void {
    const seq = refusable(() => readCommit(commit).seq);
    if (seq !== undefined) this.waiting.push({ seq, item: { entry, commit, salt, body } });
  }

  // inOrder takes what waits, in the order of the chain, as far as it goes.
  async inOrder(): Promise<void> {
    this.waiting.sort((a, b) => a.seq - b.seq);
    const { lines, ...page } = this.page;
    const fresh = (seq: number) => this.items.find((i) => i.seq === seq)?.commit;
    const known = threadOf({ ...page, lines }, this.tools.verify);
    const commitAt = (seq: number) => known.commitAt(seq) ?? nameOf(fresh(seq));
    for (const { item } of this.waiting) {
      try {
        const { committed, chain } = await follow({ ...known, commitAt }, this.chain, item);
        this.accept(committed, chain, item);
      } catch (error) {
        if (!(error instanceof Refused)) throw error;
        if (error.reason !== "known") return this.stopped(error);
      }
    }
  }

  // stopped is where the chain doesn't go on: something is missing, or somebody has said
  // what can't stand here.
  private stopped(error: Refused): void {
    if (error instanceof Unknown) this.stranger = true;
    else if (error.reason === "gap") this.gap = true;
    else this.row = { ...this.row, trouble: error.reason === "contradiction" ? "forked" : "forged" };
  }

  private accept(committed: Committed, chain: Chain, item: Handed): void {
    this.chain = chain;
    this.items.push({ brand: this.page.row.brand, seq: chain.seq, ...item });
    const mine = this.page.out.find((o) => o.id === committed.entry.id.text);
    if (mine) this.drop.push(mine.dseq);
    this.effect(committed);
  }

  // effect is what an entry does to this browser's own state.
  private effect({ entry, commit, mine, value }: Committed): void {
    const { pending } = this.secrets;
    const ours = pending?.entry.text === entry.id.text;
    if (entry.kind === "rekey" && mine && value) this.begun(commit.seq, ours);
    if (ours && !value) this.secrets = { ...this.secrets, pending: undefined };
    const here = hex(this.page.row.device);
    const removed = this.chain.devices.some((d) => d.removed && d.key === here);
    if (removed || this.chain.erased) this.row = { ...this.row, removed, erased: this.chain.erased };
  }

  // begun is a new epoch: of this device, or of another, whose secret has to be asked for.
  private begun(seq: number, ours: boolean): void {
    const { pending } = this.secrets;
    const now = this.tools.clock.now();
    if (ours) this.secrets = advance(this.secrets, pending!.epoch, pending!.secret, now);
    const epoch = ours ? { epoch: pending!.epoch, epochSeq: seq, epochTime: now } : { joining: this.row.joining || this.isBehind(seq) };
    this.row = { ...this.row, ...epoch };
  }

  // isBehind says whether a rekey of another device is news: a welcome may have brought
  // what it began.
  private isBehind(seq: number): boolean {
    return seq > (this.row.epochSeq ?? this.page.row.epochSeq);
  }

  done(): Worked<Received> {
    const { chain, cursor } = this;
    const result = { gap: this.gap, stranger: this.stranger, ...(this.resync === undefined ? {} : { resync: this.resync }) };
    const same = !this.items.length && this.cursor === this.page.row.cursor && this.secrets === this.page.secrets && !Object.keys(this.row).length;
    if (same) return { result };
    const row = { ...this.row, chain, cursor };
    const secrets = this.secrets === this.page.secrets ? {} : { secrets: this.secrets };
    return { edit: { row, items: this.items, drop: this.drop, ...secrets }, result };
  }
}

const nameOf = (commit: Numbered["bytes"] | undefined): string | undefined => commit && readCommit(commit).id.text;

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
