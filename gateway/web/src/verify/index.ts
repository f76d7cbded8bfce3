// What a page's script checks of the page, without asking or trusting anybody: an
// implementation of specs/ of its own, which shares nothing with the node's code but
// the test vectors. It touches no document.
import type { Bytes } from "./bytes";
import { checkBundle, type Checked, type Proven } from "./bundle";
import { type Verify, webVerify } from "./ed25519";
import { Refused, Unavailable, type Why } from "./refused";

export type { Bytes } from "./bytes";
export type { Proven } from "./bundle";
export type { Verify } from "./ed25519";
export type { Why } from "./refused";
export { type Offer, offers } from "./offers";
export { localMemory, type Memory, remember, type Remembered } from "./remember";

// Reasons of specs/08-proof.md §5.
export type Reason =
  | "too-large"
  | "truncated"
  | "trailing-bytes"
  | "cbor"
  | "version"
  | "brand-mismatch"
  | "identity-form"
  | "identity-signature"
  | "identity-order"
  | "head-form"
  | "head-signature"
  | "head-operation"
  | "head-disputed"
  | "head-future"
  | "head-fast-forward"
  | "epoch"
  | "record-form"
  | "record-hash"
  | "record-order"
  | "path-mismatch"
  | "group-incomplete"
  | "root-mismatch"
  | "proof-form";

// ShownHead is the head that a bundle was made at. Times are milliseconds since 1970
// and the brand's own claim.
export interface ShownHead {
  readonly cid: string;
  readonly epoch: number;
  readonly seq: number;
  readonly time: number;
  readonly expires: number;
  readonly heals: readonly string[];
}

// Shown is what a sound bundle shows: a key of the brand signed a catalog in which
// exactly these records stood at the path, or none if there are none.
export interface Shown {
  readonly ok: true;
  readonly brand: string;
  readonly head: ShownHead;
  // The brand should have signed anew by now.
  readonly expired: boolean;
  // The brand's identity has forked; nobody should buy.
  readonly contested: boolean;
  // The brand has started a new epoch since: the head is history.
  readonly superseded: boolean;
  readonly scope: "record" | "group";
  readonly path: string;
  readonly records: readonly Proven[];
}

export interface NotShown {
  readonly ok: false;
  readonly reason: Reason;
  readonly detail: string; // for a log, not for shoppers
}

// CannotCheck is not the bundle's fault, and says nothing about it.
export interface CannotCheck {
  readonly ok: "unavailable";
  readonly why: Why;
}

export type Result = Shown | NotShown | CannotCheck;

export interface Expectations {
  // The brand expected, as text of its identifier; otherwise any brand will do.
  readonly brand?: string;
  // The clock, in milliseconds since 1970.
  readonly now: number;
  // How signatures are checked; otherwise by WebCrypto.
  readonly verify?: Verify;
}

// verifyBundle checks a proof bundle. It never rejects.
export async function verifyBundle(bytes: Bytes, { brand, now, verify }: Expectations): Promise<Result> {
  try {
    return shown(await checkBundle(bytes, brand, now, verify ?? webVerify()), now);
  } catch (error) {
    if (error instanceof Refused) return { ok: false, reason: error.reason as Reason, detail: error.message };
    return { ok: "unavailable", why: error instanceof Unavailable ? error.why : "failed" };
  }
}

function shown({ log, head, scope, path, records }: Checked, now: number): Shown {
  const { epoch, seq, time, expires } = head;
  return {
    ok: true,
    brand: log.brand,
    head: { cid: head.cid.text, epoch, seq, time, expires, heals: head.heals.map((c) => c.text) },
    expired: now >= expires,
    contested: log.contested,
    superseded: epoch < log.governing.epoch,
    scope,
    path,
    records,
  };
}
