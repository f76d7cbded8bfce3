// What verify_test.go asks, run in Node: each case of the test vectors,
// and properties that no single vector shows. Pages don't contain it.
import { type Bytes, hex } from "../bytes";
import { decode, Fields, type Value } from "../cbor";
import { CID } from "../cid";
import { type Verify, webVerify } from "../ed25519";
import { endsContest, freshness, type Head, parseHead, verifyHead } from "../head";
import { offers, remember, type Result, type Shown, verifyBundle } from "../index";
import { publicKey } from "../key";
import { fold, isDisputed, type Log } from "../log";
import { type Operation, parseOperation, signers, verifyOperation } from "../operation";
import { group, isPath } from "../path";
import { Refused, refuse, within } from "../refused";
import { isBy, parseSigned, preimage, type Signed } from "../signed";
import * as trie from "../trie";
import { histories } from "./histories";
import { mutants } from "./mutants";

type Case = Record<string, any>;
type Outcome = Record<string, unknown>;
type Check = (c: Case) => Outcome | Promise<Outcome>;

const verify: Verify = webVerify();

function unhex(text: string): Bytes {
  return Uint8Array.from(text.match(/../g) ?? [], (byte) => parseInt(byte, 16));
}

function plain(v: Value): unknown {
  if (v instanceof Uint8Array) return { bytes: hex(v) };
  if (v instanceof CID) return { link: v.text };
  if (v instanceof Fields) return { map: Object.fromEntries([...v.named].map(([k, x]) => [k, plain(x)])) };
  return Array.isArray(v) ? v.map(plain) : v;
}

const encoding: Record<string, Check> = {
  cbor: ({ bytes, repeat }) => ({ value: plain(decode(unhex(bytes + (repeat?.hex ?? "").repeat(repeat?.times ?? 0)))) }),
  cid: (c) => {
    const read = CID.parse(c["text"]);
    const made = CID.of(unhex(c["content"]), c["codec"] === "raw");
    return { text: made.text, binary: hex(read.bytes) };
  },
};

const signed: Record<string, Check> = {
  key: ({ key }) => ({ kid: publicKey(unhex(key)).kid }),
  signed: async ({ bytes, object, keys = [] }) => {
    const read = parseSigned(unhex(bytes));
    let holds = 0;
    for (const key of keys.map((k: string) => publicKey(unhex(k)))) {
      for (const s of read.signatures) if (await isBy(read, object, s, key, verify)) holds++;
    }
    return { payload: hex(read.payload), id: read.id.text, preimage: hex(preimage(object, read.payload)), holds };
  },
};

const values: Record<string, Check> = {
  path: ({ text }) => (isPath(text) ? { segments: text.split("/"), group: group(text) } : refuse("path", "not a path")),
};

const identity: Record<string, Check> = {
  commitment: ({ cbor }) => ({ commitment: signers(decode(unhex(cbor))).commitment }),
  op: ({ payload }) => {
    const bytes = unhex(payload);
    within("form", () => parseOperation({ id: CID.of(bytes), payload: bytes }));
    return {};
  },
  log: async ({ brand, ops, heads = [] }) => {
    const operations = await Promise.all(ops.map((op: string) => operation(within("form", () => parseSigned(unhex(op))))));
    const told = tell(fold(brand, operations), operations, heads);
    const again = tell(fold(brand, operations.slice().reverse()), operations, heads);
    if (JSON.stringify(told) !== JSON.stringify(again)) throw new Error("another order gives another state");
    return told;
  },
};

async function operation(signed: Signed): Promise<Operation> {
  const op = within("form", () => parseOperation(signed));
  await verifyOperation(op, signed, verify);
  return op;
}

function tell(log: Log, operations: Operation[], heads: Case[]): Outcome {
  const { id, n, epoch, next, domain = "", online } = log.governing;
  const kids = (op: Operation) => op.online.map((k) => k.kid);
  const keys = new Map(operations.flatMap((op) => op.online.map((k) => [k.kid, k.hex])));
  const disputed = (h: Case) => isDisputed(log, keys.get(h["kid"]) ?? "", h as Head, CID.parse(h["head"]));
  const tips = log.tips.map((t) => t.id).sort((a, b) => (hex(a.bytes) < hex(b.bytes) ? -1 : 1));
  return {
    state: { contested: log.contested, domain, epoch, governing: id.text, n, next, online: online.map((k) => k.kid), tips: tips.map((t) => t.text) },
    online: operations.map((op) => {
      const known = log.inForce.has(op.id.text);
      return known ? { op: op.id.text, known, epoch: op.epoch, kids: kids(op) } : { op: op.id.text, known };
    }),
    heads: heads.map((h) => ({ ...h, disputed: disputed(h) })),
  };
}

const leaves = (c: Case): trie.Leaf[] =>
  (c["leaves"] ?? []).map((l: Case) => ({ key: unhex(l["key"]), path: l["path"], record: CID.parse(l["record"]) }));
const root = (c: Case): Bytes => unhex(c["root"]);
const proof = (c: Case): trie.Proof => within("form", () => trie.proof(decode(unhex(c["proof"] ?? ""))));
const absence = (c: Case): trie.Absence => within("form", () => trie.absence(decode(unhex(c["proof"] ?? ""))));
const nothing = (_: void): Outcome => ({});

const tries: Record<string, Check> = {
  key: (c) => {
    const leaf = trie.leafOf(c["path"], CID.parse(c["record"]));
    return { key: hex(leaf.key), below: hex(trie.leafHash(leaf)) };
  },
  root: (c) => ({ root: hex(trie.rootOf(leaves(c))) }),
  way: (c) => nothing(trie.leads(proof(c), unhex(c["key"]), unhex(c["below"]), root(c))),
  record: (c) => nothing(trie.showsRecord(proof(c), trie.leafOf(c["path"], CID.parse(c["record"])), root(c))),
  group: (c) => nothing(trie.showsGroup(proof(c), leaves(c), c["path"], root(c))),
  absent: (c) => nothing(trie.showsNoRecord(absence(c), c["path"], root(c))),
  "group-absent": (c) => nothing(trie.showsNoGroup(absence(c), c["path"], root(c))),
};

const headOf = (text: string): Head => within("head-form", () => parseHead(parseSigned(unhex(text))));
const seen = (head: Head) => ({ ...head, cid: head.cid.text, heals: head.heals.map((c) => c.text) });
const rfc3339 = (millis: number): string => new Date(millis).toISOString().replace(/\.?0*Z$/, "Z");

const heads: Record<string, Check> = {
  head: async (c) => {
    const operations = await Promise.all(c["identity"].map((op: string) => operation(parseSigned(unhex(op)))));
    const head = headOf(c["head"]);
    await verifyHead(head, parseSigned(unhex(c["head"])), fold(c["brand"], operations), verify);
    const { brand, operation: op, root, time, expires, epoch, seq, count, bytes } = head;
    const numbers = { v: 1, epoch, seq, count, bytes, time: rfc3339(time), expires: rfc3339(expires) };
    const heals = head.heals.length ? head.heals.map((h) => h.text) : undefined;
    const links = { brand: brand.text, id: op.text, prev: head.prev?.text, heals };
    return { id: head.cid.text, json: { ...numbers, ...links, root: hex(root) } };
  },
  fresh: (c) => ({ verdict: freshness(seen(headOf(c["head"])), c["highest"] && seen(headOf(c["highest"])), c["now"]) }),
  contest: (c) => ({ ends: endsContest(seen(headOf(c["head"])), seen(headOf(c["first"])), headOf(c["second"]).cid.text) }),
};

const proofs: Check = async (c) => told(await verifyBundle(unhex(c["bundle"]), { brand: c["brand"], now: c["now"] }));

function told(result: Result): Outcome {
  if (result.ok === false) return refuse(result.reason, result.detail);
  if (result.ok !== true) throw new Error(result.why);
  const records = result.records.map((r) => ({ path: r.path, record: r.cid, cbor: hex(r.bytes) }));
  const { head, expired, scope, path } = result;
  return { head: head.cid, expired, scope, path, records };
}

// A record is judged as the only one of a bundle would be, and as an offer if it is one.
const records: Check = (c) => {
  const bytes = unhex(c["cbor"]);
  if (!isPath(c["path"]) || bytes.length > 65_536) refuse("form", "no record");
  const value = within("form", () => decode(bytes));
  return { record: CID.of(bytes).text, offers: offers({ records: [{ path: c["path"], cid: "", bytes, value }] }) };
};

const pages: Record<string, Record<string, Check> | Check> = {
  encoding, signed, values, identity, trie: tries, head: heads, proof: proofs, records,
};

// outcome runs one case; null is for kinds that browsers have no use for.
async function outcome(page: string, c: Case): Promise<Outcome | null> {
  const checks = pages[page]!;
  const check = typeof checks === "function" ? checks : checks[c["kind"]];
  if (!check) return null;
  try {
    return { valid: true, ...(await check(c)) };
  } catch (error) {
    if (error instanceof Refused) return { valid: false, error: error.reason };
    throw error;
  }
}

// changed lists what is not refused of all the bundle's prefixes, and of the bundles in
// which one bit, another one in each byte, is flipped.
async function changed(bundle: Bytes, now: number): Promise<string[]> {
  const accepted: string[] = [];
  const verify = remembering();
  const test = async (what: string, bytes: Bytes) => {
    const result = await verifyBundle(bytes, { now, verify });
    if (result.ok !== false) accepted.push(`${what}: ${JSON.stringify(result)}`);
  };
  for (let at = 0; at < bundle.length; at++) {
    await test(`cut at ${at}`, bundle.slice(0, at));
    const flipped = bundle.slice();
    flipped[at]! ^= 1 << (at * 5) % 8;
    await test(`flipped at ${at}`, flipped);
  }
  return accepted;
}

// remembering checks each signature once: most flips leave most of them as they are.
function remembering(): Verify {
  const known = new Map<string, Promise<boolean>>();
  return (key, signature, message) => {
    const name = [key.bytes, signature, message].map(hex).join();
    const verdict = known.get(name) ?? verify(key, signature, message);
    known.set(name, verdict);
    return verdict;
  };
}

// without checks a bundle in browsers that lack something.
async function without(bundle: Bytes, now: number): Promise<Outcome> {
  const old = { importKey: () => Promise.reject(new DOMException("Unrecognized name", "NotSupportedError")) };
  const check = (verify: Verify, bytes = bundle) => verifyBundle(bytes, { now, verify });
  return {
    insecure: await check(webVerify({})),
    old: await check(webVerify({ subtle: old as unknown as SubtleCrypto })),
    broken: await check(() => Promise.reject(new Error("out of memory"))),
    damaged: await check(webVerify({}), bundle.slice(1)),
  };
}

// recall lets a memory see heads one after the other.
function recall(shown: Shown[], state: Record<string, string>, fails: string): unknown[] {
  const memory = {
    get: (brand: string) => (fails === "get" ? refuse("get", "") : (state[brand] ?? null)),
    set: (brand: string, text: string) => (fails === "set" ? refuse("set", "") : void (state[brand] = text)),
  };
  return shown.map((s) => {
    const { verdict, durable, kept } = remember(s, memory);
    return { verdict, durable, kept: kept?.cid ?? "" };
  });
}

// bundleAt checks bundles by a clock and tells what came out in one word.
function bundleAt(now: number): (bytes: Bytes, brand: string) => Promise<Outcome> {
  const verify = remembering();
  return async (bytes, brand) => {
    const result = await verifyBundle(bytes, { brand, now, verify });
    const told = result.ok === true ? { contested: result.contested } : result.ok === false ? result : { reason: result.why };
    return { bundle: hex(bytes), brand, ...told };
  };
}

// answer does what the test asks.
export async function answer(asked: Case): Promise<unknown> {
  switch (asked["ask"]) {
    case "vectors":
      return Promise.all(asked["cases"].map((c: Case) => outcome(asked["page"], c)));
    case "mutants":
      return mutants(asked["bundles"].map(unhex), asked["seed"], asked["count"], bundleAt(asked["now"]));
    case "histories":
      return histories(asked["seed"], asked["count"], bundleAt(asked["now"]));
    case "changed":
      return changed(unhex(asked["bundle"]), asked["now"]);
    case "without":
      return without(unhex(asked["bundle"]), asked["now"]);
    case "recall":
      return recall(asked["shown"], asked["state"] ?? {}, asked["fails"]);
  }
  throw new Error(`asked for ${asked["ask"]}`);
}

