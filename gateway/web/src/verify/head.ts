// Heads (specs/07-head.md).
import { ascends, type Bytes } from "./bytes";
import { decode } from "./cbor";
import type { CID } from "./cid";
import type { Verify } from "./ed25519";
import { comparePlaces, isDisputed, type Log, type Place } from "./log";
import { refuse } from "./refused";
import { bytes, closed, integer, link, list, must, time } from "./shape";
import { isBy, type Signed } from "./signed";

export interface Head extends Place {
  readonly cid: CID;
  readonly brand: CID;
  // The identity operation whose online keys sign.
  readonly operation: CID;
  // The head before this one.
  readonly prev: CID | undefined;
  readonly root: Bytes;
  readonly count: number;
  readonly bytes: number;
  // Milliseconds since 1970, as the brand claims.
  readonly time: number;
  readonly expires: number;
  readonly heals: readonly CID[];
}

export const emptyRoot = new Uint8Array(32);

const lifetime = 72 * 3_600_000;
const aheadOfClock = 300_000;
const aheadOfTime = 86_400_000;

const form = closed(
  {
    v: integer(1, 1),
    brand: link,
    id: link,
    epoch: integer(),
    seq: integer(),
    root: bytes(32, 32),
    count: integer(),
    bytes: integer(),
    time,
    expires: time,
  },
  { prev: link, heals: list(link, 2, 8) },
);

// parseHead reads a head; its signature is left to verifyHead.
export function parseHead(signed: Signed): Head {
  must(signed.signatures.length === 1, "a head has one signature");
  const { id, heals = [], ...head } = form(decode(signed.payload));
  must((head.count === 0) === head.root.every((b) => b === 0), "a root that doesn't fit the count");
  must(head.bytes >= head.count && head.bytes <= head.count * 65_536, "sizes that don't fit the count");
  must(head.expires > head.time && head.expires <= head.time + lifetime, "a life of another length");
  must(ascends(heals, (c) => c.bytes), "healed heads out of order");
  return { ...head, cid: signed.id, operation: id, prev: head.prev, heals };
}

// verifyHead refuses a head that the brand's log doesn't stand behind.
export async function verifyHead(head: Head, signed: Signed, log: Log, verify: Verify): Promise<void> {
  if (head.brand.text !== log.brand) refuse("brand-mismatch", "a head of another brand");
  const op = log.inForce.get(head.operation.text) ?? refuse("head-operation", "an operation that doesn't govern");
  const signature = signed.signatures[0]!;
  const key = op.online.find((k) => k.kid === signature.kid) ?? refuse("head-signature", "signed by a stranger");
  if (head.epoch !== op.epoch) refuse("epoch", "another epoch than the operation's");
  if (!(await isBy(signed, "head", signature, key, verify))) refuse("head-signature", "a signature that isn't valid");
  if (isDisputed(log, key.hex, head, head.cid)) refuse("head-disputed", "signed by a key that was revoked");
}

export type Freshness = "same" | "fast-forward" | "future" | "newer" | "older" | "conflicting";

// What a reader needs to keep of a head to compare others with it.
export interface Seen extends Place {
  readonly cid: string;
}

// datedAhead is the part of freshness that needs no other head.
export function datedAhead(head: Pick<Head, "seq" | "time">, now: number): "fast-forward" | "future" | undefined {
  if (head.seq > head.time + aheadOfTime) return "fast-forward";
  return head.time > now + aheadOfClock ? "future" : undefined;
}

// freshness compares a verified head with the highest one seen.
export function freshness(head: Seen & Pick<Head, "time">, highest: Seen | undefined, now: number): Freshness {
  if (head.cid === highest?.cid) return "same";
  const ahead = datedAhead(head, now);
  if (ahead) return ahead;
  const order = highest ? comparePlaces(head, highest) : 1;
  return order > 0 ? "newer" : order < 0 ? "older" : "conflicting";
}

// endsContest says whether a verified head settles the contest of two others, which
// stand at one place.
export function endsContest(head: Place & { readonly heals: readonly string[] }, first: Seen, second: string): boolean {
  if (head.epoch !== first.epoch) return head.epoch > first.epoch;
  return head.seq > first.seq && head.heals.includes(first.cid) && head.heals.includes(second);
}

