// AES-256-GCM: by the browser where it has it, else by our own means. Every key seals
// once, except the one that seals what is kept here, which has random nonces.
import { gcm } from "@noble/ciphers/aes.js";
import type { Bytes } from "../../verify/bytes";
import { own } from "./hash";

export const tagSize = 16;
const zero = new Uint8Array(12);
const none = new Uint8Array();

// subtle is the browser's cryptography, which it has on https and localhost only.
export const subtle = (): SubtleCrypto | undefined => (globalThis.crypto as Partial<Crypto>).subtle;

export async function seal(key: Bytes, plain: Bytes, about: Bytes = none, nonce: Bytes = zero): Promise<Bytes> {
  const web = subtle();
  if (!web) return own(gcm(key, nonce, about).encrypt(plain));
  const imported = await web.importKey("raw", key, "AES-GCM", false, ["encrypt"]);
  return new Uint8Array(await web.encrypt({ name: "AES-GCM", iv: nonce, additionalData: about }, imported, plain));
}

// open returns nothing for what was not sealed so.
export async function open(key: Bytes, sealed: Bytes, about: Bytes = none, nonce: Bytes = zero): Promise<Bytes | undefined> {
  if (sealed.length < tagSize) return undefined;
  try {
    const web = subtle();
    if (!web) return own(gcm(key, nonce, about).decrypt(sealed));
    const imported = await web.importKey("raw", key, "AES-GCM", false, ["decrypt"]);
    return new Uint8Array(await web.decrypt({ name: "AES-GCM", iv: nonce, additionalData: about }, imported, sealed));
  } catch {
    return undefined;
  }
}
