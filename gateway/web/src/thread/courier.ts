// What goes between this browser and the gateway for one conversation: one thing at a
// time, again and again until it is done, slower while it fails (specs/20-thread-http.md).
import { type Bytes } from "../verify/bytes";
import { CID } from "../verify/cid";
import { Failed, type Numbered, type Page as Pulled, type Result } from "./api";
import { anew, known } from "./begin";
import { type Book, type Page, signerOf } from "./book";
import type { Tree } from "./crypto/cbor";
import { seedSigner } from "./crypto/sign";
import { handbacks, sealParcel } from "./envelope";
import type { OutRow, ShopRow } from "./keep";
import { encapsulate, joinSecret, type Link, rootOf } from "./keys";
import { signJoin, signRequest } from "./objects";
import { type Brand, type Prekey, prove, Unproven } from "./proven";
import { take } from "./receive";
import { secretOf } from "./secrets";
import type { Options, Trouble } from "./types";
import { penBefore, rekey, rewrite, write } from "./write";

const maxPosted = 16;
const maxPost = 900_000; // bytes of envelopes
const proofFor = 600_000;
const again = { hand: 1_500, direct: 60_000, relayed: 24 * 3_600_000, join: 600_000 };
const epochAge = 30 * 24 * 3_600_000;
const epochSize = 500;

// Link is how the courier stands: told whenever it changes.
export interface Standing {
  readonly online: boolean;
  readonly trouble?: Trouble | undefined;
}

export class Courier {
  standing: Standing = { online: true };
  private proven: { readonly brand: Brand; readonly at: number } | undefined;
  private control: Tree[] = []; // parcels that are no entries
  private asked = 0; // when a join was asked
  private pulled = false;
  private renewed = false;
  private handed = -Infinity; // when something was handed back

  constructor(
    private readonly book: Book,
    private readonly options: Options,
    private readonly told: () => unknown = () => {},
  ) {}

  // step does what is to be done next. It says whether there is more to do at once, and
  // rejects with Failed or Unproven when it has to wait.
  async step(): Promise<boolean> {
    const page = this.book.page;
    if (!page || page.row.erased || page.row.removed) return false;
    try {
      const more = await this.next(page);
      this.stand({ online: true });
      return more;
    } catch (error) {
      if (error instanceof Failed && (await this.cure(error))) return true;
      this.stand(standing(error));
      throw error;
    }
  }

  // pull makes the next step ask what there is.
  pull(): void {
    this.pulled = false;
  }

  // receive takes in what came by itself.
  async receive(envelopes: readonly Numbered[]): Promise<void> {
    await this.taken(take(this.book, envelopes));
  }

  // delivered notes what became of an envelope that is on its way.
  async delivered(envelope: string, state: string): Promise<void> {
    if (state !== "stored" && state !== "received") return;
    await this.book.change(async ({ out }) => {
      const row = out.find((o) => o.envelopeID === envelope && o.state !== state);
      return { edit: row && { out: [{ ...row, state }] }, result: undefined };
    });
  }

  private async next(page: Page): Promise<boolean> {
    if (!page.row.begun) return this.begin(page);
    if (page.row.joining && !(await this.join(page))) return this.read(page);
    if (await this.renew(page)) return true;
    await this.upload(page);
    const due = page.out.filter((o) => this.isDue(o, page.row)).slice(0, maxPosted - Math.min(this.control.length, 8));
    if (due.length || this.control.length) return this.post(page, due);
    return this.pulled ? false : this.read(page);
  }

  private isDue({ state, sent = 0 }: OutRow, { direct }: ShopRow): boolean {
    if (state === "sending") return true;
    if (state !== "stored" && state !== "received") return false;
    return this.book.tools.clock.now() - sent > (direct ? again.direct : again.relayed);
  }

  // begin brings the genesis, with what waits while the first epoch is in force. A brand
  // that has forgotten the thread gets back what it lost.
  private async begin(page: Page): Promise<boolean> {
    const { row, secrets } = page;
    const first = row.epoch === 0 && secretOf(secrets, 0) !== undefined;
    const lost = row.chain.seq > 0;
    const due = first && !lost ? page.out.filter((o) => !this.needsFile(o)).slice(0, maxPosted) : [];
    const sealed = await this.seal(page, due);
    const write = secrets.write ?? this.unable("clock");
    const answer = await this.book.tools.api.begin(row.genesis, write, sealed.map((s) => s.envelope!));
    if (lost) this.control = handbacks(page.lines);
    await this.book.change(async () => ({ edit: { row: { begun: true, joining: !first } }, result: undefined }));
    const more = await this.took(answer, answer.envelopes.length > 0);
    await this.settle(sealed, answer.results);
    return more;
  }

  // Pictures need a thread to be brought to before they are sent.
  private needsFile({ kind }: OutRow): boolean {
    return kind === "photo";
  }

  private unable(trouble: Trouble): never {
    throw new Unproven(trouble);
  }

  // join asks for the present secret. It says whether it is there.
  private async join(page: Page): Promise<boolean> {
    const { api, clock } = this.book.tools;
    if (clock.now() - this.asked < again.join && page.secrets.join) return false;
    const prekey = await this.prekey(true);
    const thread = CID.parse(page.row.thread);
    const sender = await encapsulate(CID.parse(page.row.brand), prekey.id, prekey.key);
    const signer = await signerOf(this.book.tools, page);
    const made = await signJoin({ thread, prekey: prekey.id, enc: sender.enc, time: clock.now() }, signer);
    const join = { id: made.id, secret: joinSecret(rootOf(sender), thread) };
    await this.book.change(async ({ secrets }) => ({ edit: { secrets: { ...secrets, join } }, result: undefined }));
    const welcome = await api.join(page.row.thread, made.signed, page.row.certs);
    this.asked = clock.now();
    if (welcome) await this.receive([{ n: 0, bytes: welcome }]);
    this.pulled = false;
    return !this.book.page?.row.joining;
  }

  // renew introduces this device and begins a new epoch when one is due.
  private async renew(page: Page): Promise<boolean> {
    const { tools } = this.book;
    if (page.row.joining) return true;
    if (!page.row.introduced) {
      await this.book.change((now) => write(tools, now, []));
      return true;
    }
    if (!this.isOld(page) || page.secrets.pending) return false;
    const prekey = await this.prekey(false).catch(() => undefined);
    if (!prekey) return false;
    await this.book.change((now) => rekey(tools, now, CID.parse(now.row.brand), prekey));
    return true;
  }

  private isOld({ row, lines }: Page): boolean {
    const age = this.book.tools.clock.now() - row.epochTime;
    const reseal = this.proven?.brand.prekey?.resealBefore ?? 0;
    if (row.chain.seq - row.epochSeq >= epochSize || age >= epochAge || reseal > row.epochTime) return true;
    return lines.slice(-epochSize).some((l) => l.seq > row.epochSeq && !l.place.refused && (l.header.kind === "rekey.please" || l.header.kind === "dev.del"));
  }

  private async upload({ row, secrets }: Page): Promise<void> {
    const { keep, api } = this.book.tools;
    for (const file of await keep.unsent(row.brand)) {
      await api.putBlob(row.thread, secrets.write!, file.bytes);
      await this.book.change(async () => ({ edit: { files: [{ ...file, sent: true }] }, result: undefined }));
    }
  }

  // seal puts entries into envelopes of the present epoch; those that are there already
  // are sent again as they are, so that a relay knows them.
  private async seal(page: Page, rows: readonly OutRow[]): Promise<OutRow[]> {
    const { epoch } = page.row;
    const [sealed, size] = [[] as OutRow[], { sum: 0 }];
    for (const row of rows) {
      const envelope = row.epoch === epoch && row.envelope ? row.envelope : await this.sealed(page, { kind: "entry", entry: row.entry, salt: row.salt, body: row.body });
      if ((size.sum += envelope.length) > maxPost) break;
      sealed.push({ ...row, epoch, envelope, envelopeID: CID.of(envelope, true).text });
    }
    return sealed;
  }

  private sealed({ row, secrets }: Page, parcel: Tree): Promise<Bytes> {
    const secret = secretOf(secrets, row.epoch);
    if (!secret) throw new Failed("unknown_epoch", 0);
    return sealParcel(secret, { thread: CID.parse(row.thread), dir: "up", epoch: row.epoch }, parcel);
  }

  private async post(page: Page, due: readonly OutRow[]): Promise<boolean> {
    const parcels = this.control.slice(0, 8);
    const control = await Promise.all(parcels.map((p) => this.sealed(page, p)));
    const rows = await this.seal(page, due);
    const { row, secrets } = page;
    const envelopes = [...control, ...rows.map((r) => r.envelope!)];
    const answer = await this.book.tools.api.send(row.thread, secrets.write!, envelopes, row.direct ? row.chain.seq : row.cursor, 10);
    this.control = this.control.slice(parcels.length);
    const more = await this.took(answer, due.length > rows.length || this.control.length > 0);
    await this.settle(rows, answer.results.slice(control.length));
    return more;
  }

  // settle notes what became of envelopes. What the brand won't take at all is signed out
  // of this device's chain, and what came behind it is signed anew.
  private async settle(rows: readonly OutRow[], results: readonly Result[]): Promise<void> {
    const sent = this.book.tools.clock.now();
    const refused = rows.findIndex((_, i) => results[i]?.state === "refused" && !results[i]!.seq);
    await this.book.change(async ({ out }) => {
      const states = rows.flatMap((row, i) => {
        const now = out.find((o) => o.dseq === row.dseq && o.id === row.id);
        return now ? [{ ...row, ...stateOf(results[i], sent) }] : [];
      });
      return { edit: states.length ? { out: states } : undefined, result: undefined };
    });
    if (refused >= 0) await this.unwanted(rows[refused]!, results[refused]!.reason ?? "refused");
  }

  // unwanted deals with an entry that the brand won't have in the chain. When it doesn't
  // take this device any more, since another has its key or it has been set back, the
  // browser comes in as a new one, once.
  private async unwanted(row: OutRow, reason: string): Promise<void> {
    const page = this.book.page;
    const again = (reason === "device_forked" || reason === "unknown_device") && page && !this.renewed;
    if (!again) return this.strike(row, reason);
    this.renewed = true;
    await this.comeIn(page, page.row.thread);
  }

  private async strike(refused: OutRow, reason: string): Promise<void> {
    const { tools } = this.book;
    await this.book.change(async (page) => {
      const behind = page.out.filter((o) => o.dseq > refused.dseq && o.state !== "refused");
      const pen = penBefore(refused);
      const fresh = await rewrite(tools, page, pen, behind);
      const last = fresh.at(-1);
      const drop = page.out.filter((o) => o.dseq >= refused.dseq && o.dseq !== 0).map((o) => o.dseq);
      const struck = { ...refused, dseq: -refused.dseq - refused.time, state: "refused" as const, reason, envelope: undefined };
      return { edit: { drop, out: [...fresh, struck], row: { dseq: last?.dseq ?? pen.dseq, dprev: last?.id ?? pen.dprev } }, result: undefined };
    });
  }

  private async read({ row }: Page): Promise<boolean> {
    const request = await this.request();
    const page = await this.book.tools.api.read(row.thread, request, row.direct ? row.chain.seq : row.cursor);
    this.pulled = true;
    return this.took(page, false);
  }

  // request signs that this device asks to read.
  async request(): Promise<Bytes> {
    const page = this.book.page ?? this.unable("erased");
    const signer = await signerOf(this.book.tools, page);
    return (await signRequest(CID.parse(page.row.thread), this.book.tools.clock.now(), signer)).signed;
  }

  private async took({ envelopes, next, more }: Pulled, left: boolean): Promise<boolean> {
    const direct = this.options.direct;
    const before = this.book.page?.row.chain.seq ?? 0;
    const gap = await this.taken(take(this.book, envelopes, direct ? undefined : next));
    if (direct && next < before) await this.handBack(next);
    const moved = (this.book.page?.row.chain.seq ?? 0) > before;
    return left || more || this.control.length > 0 || (gap && moved);
  }

  // taken does what a received page asks for.
  private async taken(received: ReturnType<typeof take>): Promise<boolean> {
    const { gap, resync, stranger } = await received;
    if (stranger) await this.reprove();
    if (resync !== undefined) await this.handBack(resync);
    if (gap) this.missing();
    return gap;
  }

  private missing(): void {
    this.pulled = false;
    if (this.options.direct || this.control.some((c) => (c as { kind: string }).kind === "sync")) return;
    this.control.push({ kind: "sync", after: this.book.page?.row.chain.seq ?? 0 });
  }

  // handBack gives a brand that lost something what stands behind what it has, at least
  // the last entry, which shows that there is no more, and sends what waits once more.
  private async handBack(have: number): Promise<void> {
    const page = this.book.page;
    const now = this.book.tools.clock.now();
    if (!page || now - this.handed < again.hand) return;
    this.handed = now;
    const { seq } = page.row.chain;
    this.control = seq ? handbacks(page.lines.filter((l) => l.seq > have || l.seq === seq)) : [{ kind: "sync", after: 0 }];
    await this.book.change(async ({ out }) => ({
      edit: { out: out.filter((o) => o.state !== "refused").map((o) => ({ ...o, state: "sending" as const })) },
      result: undefined,
    }));
  }

  // reprove learns the brand's keys anew; who signs and isn't among them is a stranger.
  private async reprove(): Promise<void> {
    const before = this.book.page?.row.keys.length;
    const { keys } = await this.prove(true);
    await this.book.change(async ({ row }) => ({ edit: { row: { keys: [...new Set([...row.keys, ...keys])] } }, result: undefined }));
    if (this.book.page?.row.keys.length === before) this.unable("forged");
    this.pulled = false;
  }

  // prove returns what the brand has proven, not older than some minutes.
  async prove(fresh = false): Promise<Brand> {
    const { api, clock, verify } = this.book.tools;
    const now = clock.now();
    if (!this.proven || fresh || now - this.proven.at > proofFor) {
      this.proven = { brand: await prove(api, this.options.brand, now, verify), at: now };
    }
    return this.proven.brand;
  }

  async prekey(fresh: boolean): Promise<Prekey> {
    return (await this.prove(fresh)).prekey ?? this.unable("no_prekey");
  }

  // create makes a conversation that isn't there, for an identity.
  async create(identity: Bytes): Promise<void> {
    const { tools } = this.book;
    const prekey = await this.prekey(false);
    const row = await anew(tools, this.options, await this.prove(), prekey, identity);
    await this.book.start(row);
  }

  // enter opens a conversation that there is in this browser.
  async enter(link: Link): Promise<void> {
    await this.book.start(await known(this.book.tools, this.options, await this.prove(), link));
    this.asked = 0;
    this.pulled = false;
  }

  // find looks for a conversation of an identity at this gateway.
  async find(identity: Bytes): Promise<CID | undefined> {
    const thread = await this.book.tools.api.find(CID.parse(this.options.brand), (await seedSigner(identity)).key);
    return thread === undefined ? undefined : CID.parse(thread);
  }

  // cure does what a failure asks for, and says whether to go on at once.
  private async cure({ word, time, thread }: Failed): Promise<boolean> {
    const page = this.book.page!;
    if (word === "clock" && time !== undefined) return this.book.tools.clock.learn(time);
    if (word === "exists" && page.secrets.identity) return this.adopt(page, thread ?? page.row.thread);
    if (word === "unknown_thread" && page.row.begun && page.secrets.write) return this.turn({ begun: false });
    if ((word === "unknown_epoch" || word === "not_allowed") && !page.row.joining) return this.turn({ joining: true });
    return false;
  }

  private async turn(row: Partial<ShopRow>): Promise<boolean> {
    await this.book.change(async () => ({ edit: { row }, result: undefined }));
    return true;
  }

  // adopt leaves a thread that the gateway didn't take for the one that the identity has
  // already: another browser was faster. What waits is said there.
  private async adopt(page: Page, thread: string): Promise<boolean> {
    if (thread === page.row.thread) return this.turn({ begun: true });
    await this.comeIn(page, thread);
    return true;
  }

  // comeIn makes this browser a new device of a thread and says there what waits.
  private async comeIn({ row: { brand }, secrets, out: waiting }: Page, thread: string): Promise<void> {
    const { tools } = this.book;
    const files = await tools.keep.unsent(brand);
    const [kind, seed] = secrets.identity ? (["i", secrets.identity] as const) : (["l", secrets.link!] as const);
    const row = await known(tools, this.options, await this.prove(), { kind, seed, thread: CID.parse(thread) });
    const said = waiting.filter((o) => o.kind !== "dev.add" && o.kind !== "rekey" && o.state !== "refused");
    this.asked = 0;
    await this.book.start(row, { files });
    await this.book.change(async (now) => {
      const introduced = await write(tools, now, []);
      const last = introduced.result.at(-1)!;
      const out = await rewrite(tools, now, { dseq: last.dseq, dprev: last.id }, said);
      const end = out.at(-1) ?? last;
      return { edit: { row: { introduced: true, dseq: end.dseq, dprev: end.id }, out: [...introduced.result, ...out] }, result: undefined };
    });
  }

  private stand(standing: Standing): void {
    const same = this.standing.online === standing.online && this.standing.trouble === standing.trouble;
    this.standing = standing;
    if (!same) this.told();
  }
}

function stateOf(result: Result | undefined, sent: number): Partial<OutRow> {
  if (!result || result.state === "refused") return {};
  const state = result.state === "stored" ? "stored" : "received"; // committed once its commit is here
  return { state, sent, receipt: result.receipt };
}

const troubles: readonly string[] = ["unknown_brand", "quota", "busy", "clock"];

function standing(error: unknown): Standing {
  if (error instanceof Unproven) return { online: true, trouble: error.trouble };
  if (!(error instanceof Failed)) return { online: true };
  const trouble = error.word === "not_allowed" ? "removed" : troubles.includes(error.word) ? (error.word as Trouble) : undefined;
  return { online: error.word !== "offline", trouble };
}
