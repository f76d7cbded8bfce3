// Ed25519: keys that the browser holds and doesn't give out where it can, else keys of a
// seed; signatures are checked the same way wherever this runs (specs/02-signed.md §3).
import { type Bytes, concat } from "../../verify/bytes";
import { type Verify, webVerify } from "../../verify/ed25519";
import { Unavailable } from "../../verify/refused";
import { random } from "./hash";
import { plain, subtle } from "./load";

// Signer signs with one key.
export interface Signer {
  readonly key: Bytes; // the public key
  sign(message: Bytes): Promise<Bytes>;
}

// What stands before a seed in PKCS #8 (RFC 8410 §7).
const prefix = Uint8Array.of(0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20);

// seedSigner signs with the key of a seed of 32 bytes (RFC 8032).
export async function seedSigner(seed: Bytes): Promise<Signer> {
  return (await webSigner(seed)) ?? ourSigner(seed);
}

async function webSigner(seed: Bytes): Promise<Signer | undefined> {
  try {
    const held = await subtle()!.importKey("pkcs8", concat(prefix, seed), "Ed25519", true, ["sign"]);
    const { x } = await subtle()!.exportKey("jwk", held);
    const key = Uint8Array.from(atob(x!.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
    return heldSigner(key, held);
  } catch {
    return undefined; // an older browser, or one without a secure context
  }
}

async function ourSigner(seed: Bytes): Promise<Signer> {
  const { publicKey, sign } = await plain();
  return { key: publicKey(seed), sign: async (message) => sign(seed, message) };
}

// heldSigner signs with a key that the browser holds.
export function heldSigner(key: Bytes, held: CryptoKey): Signer {
  return { key, sign: async (message) => new Uint8Array(await subtle()!.sign("Ed25519", held, message)) };
}

// DeviceKey is what is kept of a device's key: a key that the browser holds, or a seed.
export type DeviceKey = { readonly key: Bytes; readonly held: CryptoKey } | { readonly key: Bytes; readonly seed: Bytes };

// newDeviceKey makes a key; heldByBrowser says whether to try the browser's own.
export async function newDeviceKey(heldByBrowser: boolean): Promise<DeviceKey> {
  const held = heldByBrowser ? await generate() : undefined;
  if (held) return held;
  const seed = random(32);
  return { key: (await seedSigner(seed)).key, seed };
}

async function generate(): Promise<DeviceKey | undefined> {
  try {
    const pair = (await subtle()!.generateKey("Ed25519", false, ["sign", "verify"])) as CryptoKeyPair;
    return { key: new Uint8Array(await subtle()!.exportKey("raw", pair.publicKey)), held: pair.privateKey };
  } catch {
    return undefined;
  }
}

// anyVerify checks with the browser where it can, else here.
export function anyVerify(): Verify {
  const web = webVerify();
  return async (key, signature, message) => {
    try {
      return await web(key, signature, message);
    } catch (error) {
      if (!(error instanceof Unavailable)) throw error;
      return (await plain()).verify(key.bytes, signature, message);
    }
  };
}
