// What thread_test.go asks, run in Node: each case of the test vectors of threads, and
// whether each side opens what the other sealed. Pages don't contain it.
import { x25519 } from "@noble/curves/ed25519.js";
import { shake256 } from "@noble/hashes/sha3.js";
import { ml_kem768 } from "@noble/post-quantum/ml-kem.js";
import { type Bytes, concat, hex, utf8 } from "../../verify/bytes";
import { decode, Fields } from "../../verify/cbor";
import { CID } from "../../verify/cid";
import { publicKey } from "../../verify/key";
import { fold } from "../../verify/log";
import { parseOperation } from "../../verify/operation";
import { Refused, refuse } from "../../verify/refused";
import { parseSigned } from "../../verify/signed";
import { type Chain, chainOf, follow, type Thread } from "../chain";
import { encode } from "../crypto/cbor";
import { own } from "../crypto/hash";
import { combine, labeledExpand, schedule } from "../crypto/hpke";
import { anyVerify, seedSigner } from "../crypto/sign";
import { openText, readEnvelope, readParcel, sealText } from "../envelope";
import * as keys from "../keys";
import * as objects from "../objects";
import { bodies } from "./bodies";
import { model } from "./model";
import { orders } from "./orders";
import { across } from "./across";

export type Case = Record<string, any>;
export type Outcome = Record<string, unknown>;
type Check = (c: Case) => Outcome | Promise<Outcome>;

const verify = anyVerify();

export function unhex(text = ""): Bytes {
  return Uint8Array.from(text.match(/../g) ?? [], (byte) => parseInt(byte, 16));
}

const checks: Record<string, Check> = {
  code: ({ text, typed }) => {
    const code = keys.parseCode(typed ?? text) ?? refuse("code", "no code");
    return { code: hex(code), text: keys.codeText(code), seed: hex(keys.seedOf(code)) };
  },
  identity: async ({ seed, brand }) => {
    const identitySeed = keys.identityOf(unhex(seed), CID.parse(brand));
    return { identitySeed: hex(identitySeed), identity: hex((await seedSigner(identitySeed)).key) };
  },
  link: ({ text }) => {
    const link = keys.parseLink(text) ?? refuse("link", "no link");
    return { linkKind: link.kind, seed: hex(link.seed), thread: link.thread.text, text: keys.linkText(link) };
  },
  schedule: (c) => {
    const thread = CID.parse(c["thread"]);
    const { root, write } = recipient(unhex(c["prekeySeed"]), CID.parse(c["brand"]), CID.parse(c["prekey"]), unhex(c["enc"]));
    const secrets: Record<string, () => Bytes> = {
      genesis: () => keys.firstEpoch(root, thread),
      rekey: () => keys.nextEpoch(unhex(c["before"]), root, thread),
      join: () => keys.joinSecret(root, thread),
    };
    return { root: hex(root), secret: hex(secrets[c["for"]]!()), write: hex(write) };
  },
  commitment: ({ salt, body }) => ({ commitment: hex(objects.commitment(unhex(salt), unhex(body))) }),
  object: async ({ object, bytes, key }) => ({ id: (await openObject(object, unhex(bytes), unhex(key))).text }),
  certificates: async ({ thread, identity, certs, links }) => {
    const known = links.map((l: string) => publicKey(unhex(l)));
    const { key, link } = await objects.certified(CID.parse(thread), publicKey(unhex(identity)), certs.map(unhex), known, verify);
    return { device: key.hex, ...(link ? { link: link.hex } : {}) };
  },
  parcel: ({ cbor }) => ({ kind: readParcel(unhex(cbor)).kind }),
  envelope: async ({ bytes, secret, parcel }) => {
    const envelope = readEnvelope(unhex(bytes));
    const text = (await openText(unhex(secret), envelope)) ?? refuse("sealed", "doesn't open");
    const { thread, dir, epoch, salt, join } = envelope;
    const again = await sealText(unhex(secret), { thread, dir, epoch, salt, join }, unhex(parcel));
    const names = { thread: thread.text, ...(join ? { join: join.text } : {}) };
    return { ...names, dir, epoch, salt: hex(salt), parcel: hex(text), bytes: hex(again), id: CID.of(unhex(bytes), true).text };
  },
  story: async (c) => {
    const genesis = await objects.readGenesis(unhex(c["genesis"]), verify);
    const signed = c["log"].map((op: string) => parseSigned(unhex(op)));
    const log = fold(signed[0].id.text, signed.map(parseOperation));
    const brand = [...log.inForce.values()].flatMap((op) => op.online.map((k) => k.hex));
    const commits = new Map<number, string>();
    const thread: Thread = { id: genesis.thread, identity: genesis.identity, keys: brand, verify, commitAt: (seq) => commits.get(seq) };
    let chain: Chain = chainOf(genesis);
    const steps: Outcome[] = [];
    for (const { entry, commit, salt, body } of c["steps"]) {
      const item = { entry: unhex(entry), commit: unhex(commit), salt: salt ? unhex(salt) : undefined, body: body ? unhex(body) : undefined };
      try {
        const next = await follow(thread, chain, item);
        chain = next.chain;
        commits.set(chain.seq, chain.commit!);
        steps.push({ verdict: "next", effect: next.committed.value !== undefined });
      } catch (error) {
        if (!(error instanceof Refused)) throw error;
        steps.push({ verdict: error.reason, effect: false });
      }
    }
    return { steps, seq: chain.seq };
  },
};

// recipient is the brand's side of HPKE.
export function recipient(seed: Bytes, brand: CID, prekey: CID, enc: Bytes): { root: Bytes; write: Bytes } {
  const expanded = own(shake256(seed, { dkLen: 96 }));
  const lattice = ml_kem768.keygen(expanded.slice(0, 64));
  const secret = expanded.slice(64);
  const ephemeral = enc.slice(1_088);
  const curve = own(x25519.getSharedSecret(secret, ephemeral));
  const shared = combine(own(ml_kem768.decapsulate(enc.slice(0, 1_088), lattice.secretKey)), curve, ephemeral, own(x25519.getPublicKey(secret)));
  const exporter = schedule(shared, concat(utf8.encode("stoa/thread/v1"), brand.bytes, prekey.bytes));
  return { root: labeledExpand(exporter, "sec", utf8.encode("stoa/root/v1")), write: labeledExpand(exporter, "sec", utf8.encode("stoa/write/v1")) };
}

async function openObject(kind: string, bytes: Bytes, key: Bytes): Promise<CID> {
  const by = publicKey(key);
  switch (kind) {
    case "genesis":
      return (await objects.readGenesis(bytes, verify)).thread;
    case "device":
      return (await objects.certificate(bytes, [by], verify)).id;
    case "entry":
    case "commit": {
      const { id, read } = kind === "entry" ? objects.readEntry(bytes) : objects.readCommit(bytes);
      if (!(await objects.isSignedBy(kind, read, by, verify))) refuse("signature", "by another");
      return id;
    }
  }
  return objects.openByDevice(kind as "join" | "request", bytes, verify);
}

// outcome runs one case; null is for kinds that browsers have no use for.
async function outcome(c: Case): Promise<Outcome | null> {
  const check = checks[c["kind"]];
  if (!check) return null;
  try {
    return { valid: true, ...(await check(c)) };
  } catch (error) {
    if (error instanceof Refused) return { valid: false, error: error.reason };
    throw error;
  }
}

// answer does what the test asks.
export async function answer(asked: Case): Promise<unknown> {
  switch (asked["ask"]) {
    case "vectors":
      return Promise.all(asked["cases"].map(outcome));
    case "bodies":
      return asked["cases"].map(bodies);
    case "orders":
      return asked["cases"].map(orders);
    case "model":
      return Promise.all(asked["seeds"].map((seed: number) => model(seed, asked["count"], asked["restores"])));
    case "across":
      return across(asked);
    case "cbor":
      return asked["cases"].map((c: Case) => (c["valid"] ? hex(encode(treeOf(decode(unhex(c["bytes"]))))) : null));
  }
  throw new Error(`asked for ${asked["ask"]}`);
}

function treeOf(v: unknown): any {
  if (v instanceof Fields) return Object.fromEntries([...v.named].map(([k, x]) => [k, treeOf(x)]));
  return Array.isArray(v) ? v.map(treeOf) : v;
}
