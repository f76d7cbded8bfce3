// HPKE (RFC 9180) in base mode with X-Wing as KEM (draft-connolly-cfrg-xwing-kem, 0x647a),
// HKDF-SHA256, and no AEAD: the sender's side, which only exports secrets. The shopper
// is always the sender (specs/16-thread.md).
import { sha3_256 } from "@noble/hashes/sha3.js";
import { ml_kem768 } from "@noble/post-quantum/ml-kem.js";
import { type Bytes, concat, utf8 } from "../../verify/bytes";
import { expand, extract, own, random } from "./hash";
import { plain, subtle } from "./load";

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
export async function send(publicKey: Bytes, info: Bytes, seed?: Bytes): Promise<Sender> {
  const { shared, enc } = await encapsulate(publicKey, seed);
  const secret = schedule(shared, info);
  return { enc, export: (context) => labeledExpand(secret, "sec", utf8.encode(context)) };
}

async function encapsulate(publicKey: Bytes, seed: Bytes | undefined): Promise<{ shared: Bytes; enc: Bytes }> {
  if (publicKey.length !== publicKeySize) throw new RangeError("a prekey of another length");
  const [lattice, curve] = [publicKey.subarray(0, latticeKey), publicKey.subarray(latticeKey)];
  const { cipherText, sharedSecret } = ml_kem768.encapsulate(lattice, seed?.subarray(0, 32));
  const agreed = (seed ? undefined : await webAgreement(curve)) ?? (await ourAgreement(curve, seed?.subarray(32) ?? random(32)));
  return { shared: combine(own(sharedSecret), agreed.shared, agreed.key, curve), enc: concat(own(cipherText), agreed.key) };
}

// Agreement is one of a fresh key with the curve's half of a prekey.
interface Agreement {
  readonly key: Bytes;
  readonly shared: Bytes;
}

// webAgreement lets the browser do it, if it knows the curve.
async function webAgreement(curve: Bytes): Promise<Agreement | undefined> {
  try {
    const web = subtle()!;
    const pair = (await web.generateKey("X25519", false, ["deriveBits"])) as CryptoKeyPair;
    const theirs = await web.importKey("raw", curve, "X25519", false, []);
    const shared = await web.deriveBits({ name: "X25519", public: theirs }, pair.privateKey, 256);
    return { key: new Uint8Array(await web.exportKey("raw", pair.publicKey)), shared: new Uint8Array(shared) };
  } catch {
    return undefined;
  }
}

async function ourAgreement(curve: Bytes, secret: Bytes): Promise<Agreement> {
  const { agree, curveKey } = await plain();
  return { key: curveKey(secret), shared: agree(secret, curve) };
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
  return extract(salt, concat(utf8.encode("HPKE-v1"), suite, utf8.encode(name), keys));
}

export function labeledExpand(secret: Bytes, name: string, info: Bytes): Bytes {
  const size = Uint8Array.of(0, 32);
  return expand(secret, concat(size, utf8.encode("HPKE-v1"), suite, utf8.encode(name), info));
}
