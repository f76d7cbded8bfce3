// Signatures (specs/02-signed.md §3), checked by the browser's WebCrypto where it
// knows Ed25519.
import type { Bytes } from "./bytes";
import { encodesSmallOrder, littleEndian, type PublicKey } from "./key";
import { Unavailable } from "./refused";

// Verify says whether a signature of 64 bytes is one of a message under a key. It
// rejects with Unavailable where it can't tell.
export type Verify = (key: PublicKey, signature: Bytes, message: Bytes) => Promise<boolean>;

const order = 2n ** 252n + 27742317777372353535851937790883648493n;

// webVerify checks with WebCrypto. Browsers have it on https and localhost only.
export function webVerify({ subtle }: Partial<Pick<Crypto, "subtle">> = globalThis.crypto ?? {}): Verify {
  return async (key, signature, message) => {
    if (!subtle) throw new Unavailable("insecure");
    if (littleEndian(signature.slice(32)) >= order) return false;
    if (encodesSmallOrder(signature.slice(0, 32))) return false; // browsers differ on these
    const imported = await subtle.importKey("raw", key.bytes, "Ed25519", false, ["verify"]).catch((error: unknown) => {
      throw new Unavailable("old-browser", error);
    });
    return subtle.verify("Ed25519", imported, signature, message);
  };
}
