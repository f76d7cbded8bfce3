// Ed25519: keys of the browser that can't be taken out where it has them, else keys of
// ours; signatures checked the same way wherever this runs (specs/02-signed.md §3).
import { ed25519 } from "@noble/curves/ed25519.js";
import { sha512 } from "@noble/hashes/sha2.js";
import { type Bytes, concat, equal } from "../../verify/bytes";
import { type Verify, webVerify } from "../../verify/ed25519";
import { encodesSmallOrder, littleEndian } from "../../verify/key";
import { Unavailable } from "../../verify/refused";
import { own, random } from "./hash";
import { subtle } from "./seal";

// Signer signs with one key.
export interface Signer {
  readonly key: Bytes; // the public key
  sign(message: Bytes): Promise<Bytes>;
}

// seedSigner signs with the key of a seed of 32 bytes (RFC 8032).
export function seedSigner(seed: Bytes): Signer {
  return { key: own(ed25519.getPublicKey(seed)), sign: async (message) => own(ed25519.sign(message, seed)) };
}

// DeviceKey is what is kept of a device's key: a pair that the browser holds, or a seed.
export type DeviceKey = { readonly key: Bytes; readonly held: CryptoKey } | { readonly key: Bytes; readonly seed: Bytes };

// newDeviceKey makes a key; heldByBrowser says whether to try the browser's own.
export async function newDeviceKey(heldByBrowser: boolean): Promise<DeviceKey> {
  const held = heldByBrowser ? await generate() : undefined;
  if (held) return held;
  const seed = random(32);
  return { key: seedSigner(seed).key, seed };
}

async function generate(): Promise<DeviceKey | undefined> {
  try {
    const pair = (await subtle()!.generateKey("Ed25519", false, ["sign", "verify"])) as CryptoKeyPair;
    return { key: new Uint8Array(await subtle()!.exportKey("raw", pair.publicKey)), held: pair.privateKey };
  } catch {
    return undefined; // an older browser, or one without a secure context
  }
}

export function deviceSigner(device: DeviceKey): Signer {
  if ("seed" in device) return seedSigner(device.seed);
  const { key, held } = device;
  return { key, sign: async (message) => new Uint8Array(await subtle()!.sign("Ed25519", held, message)) };
}

// anyVerify checks with the browser where it can, else here.
export function anyVerify(): Verify {
  const web = webVerify();
  let known = true;
  return async (key, signature, message) => {
    if (!known) return ourVerify(key.bytes, signature, message);
    try {
      return await web(key, signature, message);
    } catch (error) {
      if (!(error instanceof Unavailable)) throw error;
      known = false;
      return ourVerify(key.bytes, signature, message);
    }
  };
}

const order = 2n ** 252n + 27742317777372353535851937790883648493n;

// ourVerify computes [S]B − [k]A and compares it with R. The library's own check
// multiplies by the cofactor, which the page doesn't allow.
export function ourVerify(key: Bytes, signature: Bytes, message: Bytes): boolean {
  const [r, s] = [signature.slice(0, 32), littleEndian(signature.slice(32))];
  if (signature.length !== 64 || s >= order || encodesSmallOrder(r)) return false;
  const k = littleEndian(own(sha512(concat(r, key, message)))) % order;
  const { BASE, ZERO } = ed25519.Point;
  const sb = s === 0n ? ZERO : BASE.multiplyUnsafe(s);
  const ka = k === 0n ? ZERO : ed25519.Point.fromBytes(key).multiplyUnsafe(k);
  return equal(own(sb.subtract(ka).toBytes()), r);
}
