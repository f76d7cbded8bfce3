// A brand and its gateway in memory, which keep to specs/16 and 20 as far as a browser
// sees them: what they shouldn't take they refuse. Tests break the line to them.
import { x25519 } from "@noble/curves/ed25519.js";
import { shake256 } from "@noble/hashes/sha3.js";
import { ml_kem768 } from "@noble/post-quantum/ml-kem.js";
import { type Bytes, concat, utf8 } from "../../verify/bytes";
import { decode, Fields } from "../../verify/cbor";
import { CID } from "../../verify/cid";
import { publicKey } from "../../verify/key";
import { Refused } from "../../verify/refused";
import { preimage } from "../../verify/signed";
import { keyOf, leafHash, leafOf } from "../../verify/trie";
import { type Chain, chainOf, follow } from "../chain";
import { encode, type Tree } from "../crypto/cbor";
import { own, random, sha256 } from "../crypto/hash";
import { anyVerify, seedSigner, type Signer } from "../crypto/sign";
import { type Handed, openText, readEnvelope, sealParcel } from "../envelope";
import { firstEpoch, fromBase64url, joinSecret, nextEpoch } from "../keys";
import { type Genesis, readEntry, readGenesis, sign } from "../objects";
import { recipient } from "./answer";

const verify = anyVerify();

interface Kept {
  readonly genesis: Genesis;
  readonly write: Bytes;
  chain: Chain;
  items: Handed[];
  epoch: number;
  secret: Bytes;
  early: Handed[]; // entries whose predecessors are missing
  doubt: boolean; // restored, and the shopper hasn't said what is missing
}

export class Brand {
  private threads = new Map<string, Kept>();
  private copy = new Map<string, Kept>();

  private constructor(
    readonly id: CID,
    private readonly online: Signer,
    private readonly seed: Bytes,
    private readonly prekey: CID,
    private readonly bundle: Bytes,
  ) {}

  static async found(): Promise<Brand> {
    const [root, online, seed] = [await seedSigner(sha256(utf8.encode("root"))), await seedSigner(sha256(utf8.encode("online"))), sha256(utf8.encode("prekey"))];
    const time = Date.now();
    const op = { v: 1, n: 0, epoch: 0, time, signers: { keys: [root.key], threshold: 1 }, next: random(32), online: [{ key: online.key, kid: publicKey(online.key).kid }] };
    const identity = await signed("identity", op, root);
    const id = CID.of(encode(op));
    const record = encode({ v: 1, type: "prekey", suite: 1, key: publicOf(seed), from: time - 1000, until: time + 1e9 });
    const head = { v: 1, brand: id, id, epoch: 0, seq: time, root: leafHash(leafOf("prekey", CID.of(record))), count: 1, bytes: record.length, time, expires: time + 1e7 };
    const none = new Uint8Array();
    const bundle = { v: 1, scope: "record", path: "prekey", key: keyOf("prekey"), identity: [identity], head: await signed("head", head, online), records: [["prekey", CID.of(record), record]], proof: [none, none] };
    return new Brand(id, online, seed, CID.of(record), encode(bundle));
  }

  backup(): void {
    this.copy = structuredCloneOf(this.threads);
  }

  // restore goes back to the backup, and trusts no thread until its shopper has spoken.
  restore(): void {
    this.threads = structuredCloneOf(this.copy);
    for (const kept of this.threads.values()) kept.doubt = true;
  }

  chainOf(thread: string): Chain | undefined {
    return this.threads.get(thread)?.chain;
  }

  // fetch is what the engine asks.
  readonly fetch = async (path: string, init: RequestInit = {}): Promise<Response> => {
    try {
      return new Response(await this.answer(path, init));
    } catch (error) {
      if (!(error instanceof Told)) throw error;
      return new Response(encode({ error: error.word, message: "", time: Date.now(), ...error.more }), { status: error.status });
    }
  };

  private async answer(path: string, init: RequestInit): Promise<Bytes> {
    if (path.startsWith("/proof/")) return this.bundle;
    const body = init.method === "POST" ? fieldsOf(init.body as Bytes) : undefined;
    const [, , , name = "", what] = path.split(/[/?]/);
    if (!name) return this.begin(body!, writeOf(init));
    if (name === "find") return this.find(body!);
    const kept = this.threads.get(name) ?? tell("unknown_thread", 404);
    if (what === "genesis") return kept.genesis.signed;
    if (what === "join") return this.join(kept, body!);
    if (!body) return encode(await this.page(kept, Number(new URLSearchParams(path.split("?")[1]).get("after"))));
    return this.take(kept, body);
  }

  private async begin(body: Fields, write: Bytes): Promise<Bytes> {
    const genesis = await readGenesis(body.named.get("genesis") as Bytes, verify);
    const other = [...this.threads.values()].find((k) => k.genesis.identity.hex === genesis.identity.hex && k.genesis.thread.text !== genesis.thread.text);
    if (other) tell("exists", 409, { thread: other.genesis.thread });
    const { root } = recipient(this.seed, this.id, this.prekey, genesis.enc);
    const name = genesis.thread.text;
    const fresh: Kept = { genesis, write, chain: chainOf(genesis), items: [], epoch: 0, secret: firstEpoch(root, genesis.thread), early: [], doubt: false };
    this.threads.set(name, this.threads.get(name) ?? fresh);
    return this.take(this.threads.get(name)!, body);
  }

  private find(body: Fields): Bytes {
    const identities = (body.named.get("identities") as Bytes[]).map((i) => publicKey(i).hex);
    const threads = identities.map((i) => [...this.threads.values()].find((k) => k.genesis.identity.hex === i)?.genesis.thread ?? null);
    return encode({ threads });
  }

  private async join(kept: Kept, body: Fields): Promise<Bytes> {
    const encoded = body.named.get("join") as Bytes;
    const payload = (decode(encoded) as [Bytes, unknown])[0];
    const named = fieldsOf(payload).named;
    const secret = joinSecret(recipient(this.seed, this.id, this.prekey, named.get("enc") as Bytes).root, kept.genesis.thread);
    const { seq, commit } = kept.chain;
    const parcel = { kind: "welcome", epoch: kept.epoch, secret: kept.secret, write: kept.write, seq, commit: commit === null ? null : CID.parse(commit) };
    return encode({ welcome: await sealParcel(secret, { thread: kept.genesis.thread, dir: "down", epoch: 0, join: CID.of(payload) }, parcel) });
  }

  private async take(kept: Kept, body: Fields): Promise<Bytes> {
    const results: Tree[] = [];
    for (const bytes of body.named.get("envelopes") as Bytes[]) results.push(await this.one(kept, bytes));
    const page = await this.page(kept, body.named.get("after") as number);
    return encode({ thread: kept.genesis.thread, results, ...page });
  }

  private async one(kept: Kept, bytes: Bytes): Promise<Tree> {
    const envelope = readEnvelope(bytes);
    if (envelope.epoch !== kept.epoch) tell("unknown_epoch", 409);
    const text = await openText(kept.secret, envelope);
    if (!text) return { state: "refused", reason: "bad_envelope" };
    const { named } = fieldsOf(text);
    if (named.get("kind") === "handback") return this.adopt(kept, named.get("items") as Fields[]);
    if (named.get("kind") === "sync") {
      kept.doubt &&= named.get("after") !== kept.chain.seq;
      return { state: "received" };
    }
    if (kept.doubt) return { state: "received" };
    return this.commit(kept, { entry: named.get("entry") as Bytes, commit: new Uint8Array(), salt: named.get("salt") as Bytes, body: named.get("body") as Bytes });
  }

  private async adopt(kept: Kept, items: Fields[]): Promise<Tree> {
    for (const { named } of items) {
      const item = { entry: named.get("entry") as Bytes, commit: named.get("commit") as Bytes, salt: named.get("salt") as Bytes | undefined, body: named.get("body") as Bytes | undefined };
      await this.follow(kept, item).catch((error: unknown) => {
        if (!(error instanceof Refused) || error.reason !== "known") throw error;
      });
    }
    kept.doubt = false;
    return { state: "received" };
  }

  private async commit(kept: Kept, item: Handed): Promise<Tree> {
    const known = kept.items.findIndex((i) => readEntry(i.entry).id.text === readEntry(item.entry).id.text);
    if (known >= 0) return { state: "committed", seq: known + 1 };
    const { seq, commit } = kept.chain;
    const entry = readEntry(item.entry);
    const payload = { v: 1, thread: kept.genesis.thread, seq: seq + 1, prev: commit === null ? null : CID.parse(commit), entry: entry.id, time: Date.now() };
    try {
      await this.follow(kept, { ...item, commit: (await sign("commit", payload, this.online)).signed });
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      if (error.reason !== "gap" && error.reason !== "unseen") return { state: "refused", reason: error.reason === "forked" ? "device_forked" : "unknown_device" };
      if (error.reason === "gap") kept.early.push(item);
      return { state: "received" };
    }
    const late = kept.early.splice(0);
    for (const one of late) await this.commit(kept, one);
    return { state: "committed", seq: seq + 1 };
  }

  private async follow(kept: Kept, item: Handed): Promise<void> {
    const commitAt = (seq: number) => (kept.items[seq - 1] ? CID.of((decode(kept.items[seq - 1]!.commit) as [Bytes])[0]).text : undefined);
    const thread = { id: kept.genesis.thread, identity: kept.genesis.identity, keys: [publicKey(this.online.key).hex], verify, commitAt };
    const { chain, committed } = await follow(thread, kept.chain, item);
    kept.chain = chain;
    kept.items.push(item);
    if (committed.entry.kind !== "rekey" || !committed.value) return;
    const { root } = recipient(this.seed, this.id, this.prekey, fieldsOf(item.body!).named.get("enc") as Bytes);
    [kept.epoch, kept.secret] = [kept.epoch + 1, nextEpoch(kept.secret, root, kept.genesis.thread)];
  }

  private async page(kept: Kept, after: number): Promise<{ envelopes: Tree[]; next: number; more: boolean }> {
    const outer = { thread: kept.genesis.thread, dir: "down" as const, epoch: kept.epoch };
    const envelopes: Tree[] = [];
    for (const [i, { entry, commit, salt, body }] of kept.items.slice(after, after + 7).entries()) {
      envelopes.push({ n: after + i + 1, bytes: await sealParcel(kept.secret, outer, { kind: "entry", entry, commit, salt, body }) });
    }
    const [more, { seq, commit }] = [kept.items.length > after + 7, kept.chain];
    if (kept.doubt && !more) envelopes.push({ n: seq, bytes: await sealParcel(kept.secret, outer, { kind: "resync", have: seq, commit: commit === null ? null : CID.parse(commit) }) });
    return { envelopes, next: Math.min(kept.items.length, after + 7), more };
  }
}

class Told extends Error {
  constructor(readonly word: string, readonly status: number, readonly more: { readonly thread?: CID }) {
    super(word);
  }
}

function tell(word: string, status: number, more: { readonly thread?: CID } = {}): never {
  throw new Told(word, status, more);
}

const fieldsOf = (bytes: Bytes): Fields => decode(bytes) as Fields;
const writeOf = (init: RequestInit): Bytes => fromBase64url((init.headers as Record<string, string>)["Stoa-Write"]!)!;
const structuredCloneOf = (threads: Map<string, Kept>): Map<string, Kept> =>
  new Map([...threads].map(([name, k]) => [name, { ...k, items: [...k.items], early: [] }]));

async function signed(kind: string, payload: Tree, by: Signer): Promise<Bytes> {
  const encoded = encode(payload);
  return encode([encoded, [[publicKey(by.key).kid, await by.sign(preimage(kind, encoded))]]]);
}

function publicOf(seed: Bytes): Bytes {
  const expanded = own(shake256(seed, { dkLen: 96 }));
  return concat(own(ml_kem768.keygen(expanded.slice(0, 64)).publicKey), own(x25519.getPublicKey(expanded.slice(64))));
}
