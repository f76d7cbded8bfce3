// Random histories of brands, some of which break rules: forks, merges, revocations,
// and heads signed by any key under any operation. All signatures are real.
import { type Bytes, compare, concat, utf8 } from "../bytes";
import { CID } from "../cid";
import { type PublicKey, publicKey } from "../key";
import { sha256 } from "../sha256";
import { preimage } from "../signed";
import { keyOf } from "../trie";
import { encode, fields, pick, random, type Random, type Tree } from "./encode";

type Check<T> = (bytes: Bytes, brand: string) => Promise<T>;

interface Key extends PublicKey {
  readonly secret: CryptoKey;
}

interface Made {
  readonly id: CID;
  readonly n: number;
  readonly epoch: number;
  readonly online: readonly Key[];
  readonly branch: number; // which of the two sets of root keys comes next
  readonly signed: Bytes;
}

const now = 1_795_260_000_000;
const perBranch = 24;

// histories checks as many bundles, each with a history of its own and a proof that an
// empty catalog holds no profile.
export async function histories<T>(seed: number, count: number, check: Check<T>): Promise<T[]> {
  const roll = random(seed);
  const author = new Author(await keys("root", 2 * perBranch), await keys("online", 5), roll);
  const results: T[] = [];
  while (results.length < count) {
    const history = await author.history(2 + roll(9), roll(3) === 0);
    const brand = history[0]!.id.text;
    for (let n = 0; n < 3; n++) results.push(await check(await author.bundle(history), brand));
  }
  return results;
}

async function keys(name: string, count: number): Promise<Key[]> {
  return Promise.all(Array.from({ length: count }, (_, i) => keyFrom(sha256(utf8.encode(name + i)))));
}

async function keyFrom(seed: Bytes): Promise<Key> {
  const prefix = Uint8Array.from([48, 46, 2, 1, 0, 48, 5, 6, 3, 43, 101, 112, 4, 34, 4, 32]); // PKCS #8, RFC 8410
  const secret = await crypto.subtle.importKey("pkcs8", concat(prefix, seed), "Ed25519", true, ["sign"]);
  const { x = "" } = await crypto.subtle.exportKey("jwk", secret);
  const bytes = Uint8Array.from(atob(x.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0));
  return { ...publicKey(bytes), secret };
}

class Author {
  constructor(
    private readonly roots: readonly Key[],
    private readonly online: readonly Key[],
    private readonly roll: Random,
  ) {}

  // history makes operations, each after its parents.
  async history(length: number, isCareless: boolean): Promise<Made[]> {
    const slip = (outOf: number): boolean => isCareless && this.chance(outOf);
    const made = [await this.operation([], slip)];
    while (made.length < length) {
      const after = this.chance(3) ? pick(made, this.roll) : made.at(-1)!;
      const beside = made.filter((op) => op.n === after.n && op !== after);
      const parents = beside.length && !this.chance(3) ? [after, pick(beside, this.roll)] : [after];
      const next = await this.operation(parents, slip);
      if (!made.some((op) => op.id.text === next.id.text)) made.push(next);
    }
    return made;
  }

  private chance(outOf: number): boolean {
    return this.roll(outOf) === 0;
  }

  private root(n: number, branch: number): Key {
    return this.roots[(n % perBranch) + branch * perBranch]!;
  }

  private signers(n: number, branch: number): Tree {
    return fields({ keys: [this.root(n, branch).bytes], threshold: 1 });
  }

  private async operation(parents: Made[], slip: (outOf: number) => boolean): Promise<Made> {
    const [first, second] = parents;
    const n = first ? first.n + (slip(15) ? 2 : 1) : 0;
    const top = Math.max(0, ...parents.map((p) => p.epoch));
    const epoch = Math.min(n, top + (this.chance(3) ? 1 : 0) + (slip(12) ? 1 : 0));
    const online = this.onlineKeys(parents, top, epoch, slip(6));
    const [branch, next] = [first?.branch ?? 0, this.chance(12) ? 1 : 0];
    const payload = encode(fields({
      v: 1, n, epoch, prev: first?.id, merge: second?.id, time: this.roll(1000),
      signers: this.signers(n, branch),
      next: sha256(encode(this.signers(n + 1, next))),
      online: online.map((k) => fields({ key: k.bytes, kid: k.kid })),
      lastGood: (epoch > top && this.roll(3)) || (epoch && slip(8)) ? this.lastGood(epoch) : undefined,
    }));
    const signed = await this.sign("identity", payload, slip(25) ? this.roots[0]! : this.root(n, branch));
    return { id: CID.of(payload), n, epoch, online, branch: next, signed };
  }

  private onlineKeys(parents: Made[], top: number, epoch: number, isForgetful: boolean): Key[] {
    const kept = epoch === top && !isForgetful ? parents.filter((p) => p.epoch === top).flatMap((p) => p.online) : [];
    const some = this.online.filter(() => this.chance(epoch === top ? 5 : 2));
    return [...new Set([...kept, ...some])].sort((a, b) => (a.kid < b.kid ? -1 : 1));
  }

  private lastGood(epoch: number): Tree {
    return fields({ epoch: this.roll(epoch), seq: now + this.roll(4), head: CID.of(Uint8Array.of(this.roll(3))) });
  }

  private async sign(kind: "identity" | "head", payload: Bytes, key: Key): Promise<Bytes> {
    const signature = await crypto.subtle.sign("Ed25519", key.secret, preimage(kind, payload));
    return encode([payload, [[key.kid, new Uint8Array(signature)]]]);
  }

  // bundle shows a history, now and then with an operation left out.
  async bundle(history: readonly Made[]): Promise<Bytes> {
    const operations = history.slice().sort((a, b) => a.n - b.n || compare(a.id.bytes, b.id.bytes));
    if (this.chance(20)) operations.splice(this.roll(operations.length), 1);
    const nothing = new Uint8Array(0);
    return encode(fields({
      v: 1, scope: "record", path: "profile", key: keyOf("profile"),
      identity: operations.map((op) => op.signed),
      head: await this.head(history),
      absence: [[nothing, nothing], []],
    }));
  }

  private async head(history: readonly Made[]): Promise<Bytes> {
    const op = pick(history, this.roll);
    const key = pick(op.online.length && !this.chance(8) ? op.online : this.online, this.roll);
    const epoch = op.epoch + (this.chance(15) ? 1 : 0);
    const payload = encode(fields({
      v: 1, brand: history[0]!.id, id: op.id, epoch, seq: now + this.roll(4), root: new Uint8Array(32), count: 0, bytes: 0,
      time: now, expires: now + 1000,
    }));
    return this.sign("head", payload, key);
  }
}
