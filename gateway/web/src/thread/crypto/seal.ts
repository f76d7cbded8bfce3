// AES-256-GCM: by the browser where it has it, else by our own means. Every key seals
// once, so nonces are zeros.
import type { Bytes } from "../../verify/bytes";
import { plain, subtle } from "./load";

export const tagSize = 16;
const nonce = new Uint8Array(12);
const none = new Uint8Array();

export async function seal(key: Bytes, text: Bytes, about: Bytes = none): Promise<Bytes> {
  const web = subtle();
  if (!web) return (await plain()).seal(key, nonce, about, text);
  const imported = await web.importKey("raw", key, "AES-GCM", false, ["encrypt"]);
  return new Uint8Array(await web.encrypt({ name: "AES-GCM", iv: nonce, additionalData: about }, imported, text));
}

// open returns nothing for what was not sealed so.
export async function open(key: Bytes, sealed: Bytes, about: Bytes = none): Promise<Bytes | undefined> {
  if (sealed.length < tagSize) return undefined;
  const web = subtle();
  const ours = web ? undefined : await plain();
  try {
    if (ours) return ours.open(key, nonce, about, sealed);
    const imported = await web!.importKey("raw", key, "AES-GCM", false, ["decrypt"]);
    return new Uint8Array(await web!.decrypt({ name: "AES-GCM", iv: nonce, additionalData: about }, imported, sealed));
  } catch {
    return undefined;
  }
}
