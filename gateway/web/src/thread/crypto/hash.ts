// Hashes and derivation of keys: HKDF-SHA256 with 32 bytes of output (RFC 5869), HMAC
// (RFC 2104). They are of our own, since all of them are short and none can wait.
import { type Bytes, concat, utf8 } from "../../verify/bytes";
import { sha256 as hash } from "../../verify/sha256";

export const own = (bytes: Uint8Array): Bytes => bytes as Bytes;

export const sha256 = (...parts: Bytes[]): Bytes => hash(concat(...parts));

const blockSize = 64;
const none = new Uint8Array();

// hmac takes keys of at most a block.
function hmac(key: Bytes, message: Bytes): Bytes {
  const padded = new Uint8Array(blockSize);
  padded.set(key);
  const under = (pad: number): Bytes => padded.map((b) => b ^ pad);
  return sha256(under(0x5c), sha256(under(0x36), message));
}

export const extract = (salt: Bytes, secret: Bytes): Bytes => hmac(salt.length > blockSize ? sha256(salt) : salt, secret);

// expand gives the first 32 bytes.
export const expand = (key: Bytes, info: Bytes): Bytes => hmac(key, concat(info, Uint8Array.of(1)));

// derive is HKDF with an optional salt; info is text, followed by bytes if there are any.
export function derive(secret: Bytes, info: string, after: Bytes = none, salt: Bytes = none): Bytes {
  return expand(extract(salt, secret), concat(utf8.encode(info), after));
}

export function random(size: number): Bytes {
  return crypto.getRandomValues(new Uint8Array(size));
}
