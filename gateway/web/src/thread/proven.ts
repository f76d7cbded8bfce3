// What the brand has proven to this browser: the keys that speak for it, and the prekey
// that secrets are made with (specs/16-thread.md, specs/08-proof.md).
import type { Bytes } from "../verify/bytes";
import { checkBundle } from "../verify/bundle";
import { Fields } from "../verify/cbor";
import { CID } from "../verify/cid";
import type { Verify } from "../verify/ed25519";
import { Refused } from "../verify/refused";
import { localMemory, remember } from "../verify/remember";
import { type Api, Failed } from "./api";
import { publicKeySize } from "./crypto/hpke";
import type { Trouble } from "./types";

export interface Prekey {
  readonly id: CID;
  readonly key: Bytes;
  // Epochs that began before are to be ended, and what waits is to be sealed anew.
  readonly resealBefore: number;
  // How the brand calls shoppers back: under this key for Web Push, by mail.
  readonly push: Bytes | undefined;
  readonly mail: boolean;
}

export interface Brand {
  readonly keys: readonly string[]; // hex, of every operation that governs or governed
  readonly prekey: Prekey | undefined; // undefined: none, or out of date
}

// Unproven says that nothing can be sealed for the brand, and why.
export class Unproven extends Error {
  constructor(readonly trouble: Trouble) {
    super(trouble);
  }
}

// prove asks the gateway for the brand's prekey and checks the proof.
export async function prove(api: Api, brand: string, now: number, verify: Verify): Promise<Brand> {
  const bundle = await api.proof(brand, "prekey").catch((error: unknown) => {
    if (error instanceof Failed && error.status === 404) throw new Unproven("unknown_brand");
    throw error;
  });
  const { log, head, records } = await checkBundle(bundle, brand, now, verify).catch((error: unknown) => {
    if (!(error instanceof Refused)) throw error;
    throw new Unproven(error.reason === "head-future" ? "clock" : "unproven");
  });
  if (log.contested) throw new Unproven("contested");
  const superseded = head.epoch < log.governing.epoch;
  const shown = { ...head, cid: head.cid.text, heals: head.heals.map((c) => c.text) };
  const verdict = remember({ brand, head: shown, superseded }, localMemory()).verdict;
  if (verdict === "differs" || verdict === "contested") throw new Unproven("contested");
  const keys = new Set([...log.inForce.values()].flatMap((op) => op.online.map((k) => k.hex)));
  const record = records.find((r) => r.path === "prekey");
  return { keys: [...keys], prekey: record && readPrekey(record.bytes, record.value, now) };
}

function readPrekey(encoded: Bytes, value: unknown, now: number): Prekey | undefined {
  if (!(value instanceof Fields)) return undefined;
  const [suite, key, from, until, reseal, push] = ["suite", "key", "from", "until", "resealBefore", "push"].map((name) => value.named.get(name));
  const fits = value.named.get("type") === "prekey" && suite === 1 && key instanceof Uint8Array && key.length === publicKeySize;
  const inTime = typeof from === "number" && typeof until === "number" && now < until;
  if (!fits || !inTime) return undefined;
  return {
    id: CID.of(encoded), key: key as Bytes, resealBefore: typeof reseal === "number" ? reseal : 0,
    push: push instanceof Uint8Array && push.length === 65 ? (push as Bytes) : undefined, mail: value.named.get("mail") === true,
  };
}
