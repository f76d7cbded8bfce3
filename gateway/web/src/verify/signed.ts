// Signed objects (specs/02-signed.md §1 to §3).
import { type Bytes, concat, utf8 } from "./bytes";
import { decode } from "./cbor";
import { CID } from "./cid";
import type { Verify } from "./ed25519";
import type { PublicKey } from "./key";
import { refuse } from "./refused";
import { bytes, list, match, must, tuple } from "./shape";

export interface Signature {
  readonly kid: string;
  readonly bytes: Bytes;
}

// Signed is well-formed. Nothing is known yet of what its payload holds, nor of its
// signatures.
export interface Signed {
  readonly id: CID;
  readonly payload: Bytes;
  readonly signatures: readonly Signature[];
}

export type Kind = "identity" | "head";

const maxSigned = 5_120;
const kid = match(/^[0-9a-f]{16}$/);
const form = tuple(bytes(1, 4_096), list(tuple(kid, bytes(64, 64)), 1, 8));

export function parseSigned(encoded: Bytes): Signed {
  must(encoded.length <= maxSigned, "a signed object that is too large");
  const [payload, pairs] = form(decode(encoded));
  const signatures = pairs.map(([kid, bytes]) => ({ kid, bytes }));
  must(new Set(signatures.map((s) => s.kid)).size === signatures.length, "two signatures of one key");
  return { id: CID.of(payload), payload, signatures };
}

export function preimage(kind: string, payload: Bytes): Bytes {
  return concat(utf8.encode(`stoa/${kind}/v1\0`), payload);
}

// isBy says whether a signature is one of an object by a key.
export async function isBy(signed: Signed, kind: Kind, signature: Signature, key: PublicKey, verify: Verify): Promise<boolean> {
  return signature.kid === key.kid && verify(key, signature.bytes, preimage(kind, signed.payload));
}

// signedBy refuses an object unless each signature is valid and by one of the keys,
// and there are as many as the threshold asks for.
export async function signedBy(signed: Signed, kind: Kind, keys: readonly PublicKey[], threshold: number, verify: Verify): Promise<void> {
  for (const signature of signed.signatures) {
    let valid = false;
    for (const key of keys) valid ||= await isBy(signed, kind, signature, key, verify);
    if (!valid) refuse("signature", "a signature that isn't valid");
  }
  if (signed.signatures.length < threshold) refuse("threshold", "too few signatures");
}
