// One operation of a brand's identity (specs/04-identity.md §1, §2).
import { ascends, compare, hex, utf8 } from "./bytes";
import { decode } from "./cbor";
import type { CID } from "./cid";
import type { Verify } from "./ed25519";
import { type PublicKey, publicKey } from "./key";
import { sha256 } from "./sha256";
import { bytes, closed, fields, integer, link, list, match, must, type Read, time } from "./shape";
import { type Signed, signedBy } from "./signed";

export interface Signers {
  readonly keys: readonly PublicKey[];
  readonly threshold: number;
  readonly commitment: string;
}

export interface LastGood {
  readonly epoch: number;
  readonly seq: number;
  readonly head: CID;
}

export interface Operation {
  readonly id: CID;
  readonly n: number;
  readonly parents: readonly CID[];
  readonly signers: Signers;
  readonly next: string;
  readonly online: readonly PublicKey[];
  readonly epoch: number;
  readonly domain: string | undefined;
  readonly lastGood: LastGood | undefined;
}

const key: Read<PublicKey> = (v) => publicKey(bytes(32, 32)(v));

// signers reads root keys and their threshold. The commitment is to the bytes read,
// since these are canonical.
export const signers: Read<Signers> = (v) => {
  const { keys, threshold } = closed({ keys: list(key, 1, 5), threshold: integer(1, 5) }, {})(v);
  must(ascends(keys, (k) => k.bytes), "signers out of order");
  must(threshold <= keys.length, "a threshold above the number of keys");
  return { keys, threshold, commitment: hex(sha256(fields(v).encoded)) };
};

const onlineKey: Read<PublicKey> = (v) => {
  const named = closed({ key, kid: match(/^/) }, {})(v);
  must(named.kid === named.key.kid, "a key under another identifier");
  return named.key;
};

const online: Read<PublicKey[]> = (v) => {
  const keys = list(onlineKey, 0, 8)(v);
  must(ascends(keys, (k) => utf8.encode(k.kid)), "online keys out of order");
  return keys;
};

const label = "[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?";
const domain = match(new RegExp(`^(?=.{1,253}$)(?:${label}\\.)+(?![0-9]+$)${label}$`));

const form = closed(
  { v: integer(1, 1), n: integer(0, 9_999), signers, next: bytes(32, 32), online, epoch: integer(), time },
  { prev: link, merge: link, domain, lastGood: closed({ epoch: integer(), seq: integer(), head: link }, {}) },
);

// parseOperation reads an operation; its signatures are left to verifyOperation.
export function parseOperation(signed: Pick<Signed, "id" | "payload">): Operation {
  const { prev, merge, ...op } = form(decode(signed.payload));
  must((op.n === 0) === !prev, "prev is for all operations but the genesis");
  must(!merge || (!!prev && compare(prev.bytes, merge.bytes) !== 0), "a merge with nothing else");
  must(op.epoch <= op.n, "an epoch above n");
  must(!op.lastGood || op.lastGood.epoch < op.epoch, "a last good head of the same epoch");
  const parents = [prev, merge].filter((c) => c !== undefined);
  return { ...op, id: signed.id, parents, next: hex(op.next), domain: op.domain, lastGood: op.lastGood };
}

// verifyOperation refuses an operation that its signers didn't sign.
export function verifyOperation(op: Operation, signed: Signed, verify: Verify): Promise<void> {
  return signedBy(signed, "identity", op.signers.keys, op.signers.threshold, verify);
}
