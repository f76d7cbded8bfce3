// The cryptography that browsers bring themselves on https, for pages that came over
// plain http and for older browsers. It is a script of its own: most never load it.
import { gcm } from "@noble/ciphers/aes.js";
import { ed25519, x25519 } from "@noble/curves/ed25519.js";
import { sha512 } from "@noble/hashes/sha2.js";
import { type Bytes, concat, equal } from "../../verify/bytes";
import { encodesSmallOrder, littleEndian } from "../../verify/key";
import { own } from "./hash";

export const publicKey = (seed: Bytes): Bytes => own(ed25519.getPublicKey(seed));
export const sign = (seed: Bytes, message: Bytes): Bytes => own(ed25519.sign(message, seed));
export const curveKey = (secret: Bytes): Bytes => own(x25519.getPublicKey(secret));

// agree multiplies. A key of small order gives zeros, which X-Wing takes as they are.
export function agree(secret: Bytes, key: Bytes): Bytes {
  try {
    return own(x25519.getSharedSecret(secret, key));
  } catch {
    return new Uint8Array(32);
  }
}

export const seal = (key: Bytes, nonce: Bytes, about: Bytes, text: Bytes): Bytes => own(gcm(key, nonce, about).encrypt(text));
export const open = (key: Bytes, nonce: Bytes, about: Bytes, sealed: Bytes): Bytes => own(gcm(key, nonce, about).decrypt(sealed));

const order = 2n ** 252n + 27742317777372353535851937790883648493n;

// verify computes [S]B − [k]A and compares it with R (specs/02-signed.md §3). The
// library's own check multiplies by the cofactor, which the page doesn't allow.
export function verify(key: Bytes, signature: Bytes, message: Bytes): boolean {
  const [r, s] = [signature.slice(0, 32), littleEndian(signature.slice(32))];
  if (signature.length !== 64 || s >= order || encodesSmallOrder(r)) return false;
  const k = littleEndian(own(sha512(concat(r, key, message)))) % order;
  const { BASE, ZERO } = ed25519.Point;
  const sb = s === 0n ? ZERO : BASE.multiplyUnsafe(s);
  const ka = k === 0n ? ZERO : ed25519.Point.fromBytes(key).multiplyUnsafe(k);
  return equal(own(sb.subtract(ka).toBytes()), r);
}
