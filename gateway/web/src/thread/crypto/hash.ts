// Hashes and derivation of keys: HKDF-SHA256 with 32 bytes of output (RFC 5869).
import { expand, extract } from "@noble/hashes/hkdf.js";
import { sha256 as hash } from "@noble/hashes/sha2.js";
import { type Bytes, concat, utf8 } from "../../verify/bytes";

export const own = (bytes: Uint8Array): Bytes => bytes as Bytes;

export function sha256(...parts: Bytes[]): Bytes {
  return own(hash(concat(...parts)));
}

// derive is HKDF with an optional salt; info is text, followed by bytes if there are any.
export function derive(secret: Bytes, info: string, after: Bytes = new Uint8Array(), salt?: Bytes): Bytes {
  return own(expand(hash, extract(hash, secret, salt), concat(utf8.encode(info), after), 32));
}

export function random(size: number): Bytes {
  return crypto.getRandomValues(new Uint8Array(size));
}
