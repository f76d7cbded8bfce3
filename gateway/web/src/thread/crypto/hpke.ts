// HPKE (RFC 9180) in base mode with X-Wing as KEM (draft-connolly-cfrg-xwing-kem, 0x647a),
// HKDF-SHA256, and no AEAD: the sender's side, which only exports secrets. The shopper
// is always the sender (specs/16-thread.md).
import { x25519 } from "@noble/curves/ed25519.js";
import { expand, extract } from "@noble/hashes/hkdf.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { sha3_256 } from "@noble/hashes/sha3.js";
import { ml_kem768 } from "@noble/post-quantum/ml-kem.js";
import { type Bytes, concat, utf8 } from "../../verify/bytes";
import { own, random } from "./hash";

export const publicKeySize = 1_216;
export const encSize = 1_120;

const latticeKey = 1_184;
const label = Uint8Array.of(0x5c, 0x2e, 0x2f, 0x2f, 0x5e, 0x5c); // \.//^\
const suite = concat(utf8.encode("HPKE"), Uint8Array.of(0x64, 0x7a, 0, 1, 0xff, 0xff));

// Sender is one encapsulation: enc goes to the recipient, and both export the same.
export interface Sender {
  readonly enc: Bytes;
  export(context: string): Bytes; // 32 bytes
}

// send encapsulates to a public key. The 64 bytes of randomness are given by tests only.
export function send(publicKey: Bytes, info: Bytes, seed: Bytes = random(64)): Sender {
  const { shared, enc } = encapsulate(publicKey, seed);
  const secret = schedule(shared, info);
  return { enc, export: (context) => labeledExpand(secret, "sec", utf8.encode(context)) };
}

function encapsulate(publicKey: Bytes, seed: Bytes): { shared: Bytes; enc: Bytes } {
  if (publicKey.length !== publicKeySize) throw new RangeError("a prekey of another length");
  const [lattice, curve] = [publicKey.subarray(0, latticeKey), publicKey.subarray(latticeKey)];
  const { cipherText, sharedSecret } = ml_kem768.encapsulate(lattice, seed.subarray(0, 32));
  const secret = seed.subarray(32);
  const ephemeral = own(x25519.getPublicKey(secret));
  return { shared: combine(own(sharedSecret), own(shared(secret, curve)), ephemeral, curve), enc: concat(own(cipherText), ephemeral) };
}

// shared multiplies; a curve key of small order gives zeros, which X-Wing takes as they are.
function shared(secret: Bytes, curve: Bytes): Uint8Array {
  try {
    return x25519.getSharedSecret(secret, curve);
  } catch {
    return new Uint8Array(32);
  }
}

// combine is X-Wing's: both secrets, and what the curve's side was made of.
export function combine(lattice: Bytes, curve: Bytes, ephemeral: Bytes, publicKey: Bytes): Bytes {
  return own(sha3_256(concat(lattice, curve, ephemeral, publicKey, label)));
}

// schedule derives the exporter's secret.
export function schedule(shared: Bytes, info: Bytes): Bytes {
  const none = new Uint8Array();
  const context = concat(Uint8Array.of(0), labeledExtract(none, "psk_id_hash", none), labeledExtract(none, "info_hash", info));
  return labeledExpand(labeledExtract(shared, "secret", none), "exp", context);
}

function labeledExtract(salt: Bytes, name: string, keys: Bytes): Bytes {
  return own(extract(sha256, concat(utf8.encode("HPKE-v1"), suite, utf8.encode(name), keys), salt));
}

export function labeledExpand(secret: Bytes, name: string, info: Bytes): Bytes {
  const size = Uint8Array.of(0, 32);
  return own(expand(sha256, secret, concat(size, utf8.encode("HPKE-v1"), suite, utf8.encode(name), info), 32));
}
