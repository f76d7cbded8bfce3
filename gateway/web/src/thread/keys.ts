// What is derived from what, and the texts in which secrets leave the browser: the
// recovery code and the private link (specs/16-thread.md).
import { type Bytes, concat, equal, utf8 } from "../verify/bytes";
import { CID } from "../verify/cid";
import { derive, sha256 } from "./crypto/hash";
import { send, type Sender } from "./crypto/hpke";

const crockford = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const codeSize = 16;

// codeText writes a code of 16 bytes and a check byte in seven groups of four.
export function codeText(code: Bytes): string {
  const all = concat(code, sha256(code).subarray(0, 1));
  let text = "";
  let [held, bits] = [0, 0];
  for (const byte of all) {
    held = ((held << 8) | byte) & 0xfff;
    for (bits += 8; bits >= 5; bits -= 5) text += crockford[(held >> (bits - 5)) & 31];
  }
  if (bits) text += crockford[(held << (5 - bits)) & 31];
  return text.match(/.{4}/g)!.join("-");
}

// parseCode reads a code as people type it, or returns nothing.
export function parseCode(text: string): Bytes | undefined {
  const plain = text.toUpperCase().replace(/[\s-]/g, "").replace(/O/g, "0").replace(/[IL]/g, "1");
  if (!/^[0-9A-HJKMNP-TV-Z]{28}$/.test(plain)) return undefined;
  const all = new Uint8Array(codeSize + 1);
  let [held, bits, at] = [0, 0, 0];
  for (const digit of plain) {
    held = ((held << 5) | crockford.indexOf(digit)) & 0xfff;
    bits += 5;
    if (bits >= 8) all[at++] = held >> (bits -= 8);
  }
  const code = all.slice(0, codeSize);
  const holds = sha256(code)[0] === all[codeSize] && (held & ((1 << bits) - 1)) === 0;
  return holds ? code : undefined;
}

export const seedOf = (code: Bytes): Bytes => derive(code, "stoa/seed/v1");
export const identityOf = (seed: Bytes, brand: CID): Bytes => derive(seed, "stoa/identity/v1", brand.bytes);
export const firstEpoch = (root: Bytes, thread: CID): Bytes => derive(root, "stoa/epoch/v1", undefined, thread.bytes);
export const nextEpoch = (present: Bytes, root: Bytes, thread: CID): Bytes =>
  derive(concat(present, root), "stoa/epoch/v1", undefined, thread.bytes);
export const joinSecret = (root: Bytes, thread: CID): Bytes => derive(root, "stoa/join/v1", undefined, thread.bytes);

// encapsulate makes a secret with the brand that published a prekey.
export function encapsulate(brand: CID, prekey: CID, publicKey: Bytes, seed?: Bytes): Promise<Sender> {
  return send(publicKey, concat(utf8.encode("stoa/thread/v1"), brand.bytes, prekey.bytes), seed);
}

export const rootOf = (sender: Sender): Bytes => sender.export("stoa/root/v1");
export const writeOf = (sender: Sender): Bytes => sender.export("stoa/write/v1");

// Link reopens one conversation in any browser. Its seed is that of the identity with
// one brand ("i"), or that of a key which may certify devices ("l").
export interface Link {
  readonly kind: "i" | "l";
  readonly seed: Bytes;
  readonly thread: CID;
}

const linkSize = 66;

export function linkText({ kind, seed, thread }: Link): string {
  return base64url(concat(Uint8Array.of(1, kind.charCodeAt(0)), seed, thread.bytes.subarray(4)));
}

// parseLink reads the text of a link, or a URL with it behind "#k=".
export function parseLink(text: string): Link | undefined {
  const bytes = fromBase64url(text.trim().split("#k=").at(-1)!);
  const kind = String.fromCharCode(bytes?.[1] ?? 0);
  if (bytes?.length !== linkSize || bytes[0] !== 1 || (kind !== "i" && kind !== "l")) return undefined;
  const thread = CID.from(concat(Uint8Array.of(1, 0x71, 0x12, 32), bytes.subarray(34)));
  return { kind, seed: bytes.slice(2, 34), thread };
}

export function base64url(bytes: Bytes): string {
  let text = "";
  for (const b of bytes) text += String.fromCharCode(b);
  return btoa(text).replace(/\+/g, "-").replace(/\//g, "_").replace(/=/g, "");
}

// fromBase64url reads what base64url writes and nothing else.
export function fromBase64url(text: string): Bytes | undefined {
  if (!/^[A-Za-z0-9_-]*$/.test(text) || text.length % 4 === 1) return undefined;
  const bytes = Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
  return equal(utf8.encode(base64url(bytes)), utf8.encode(text)) ? bytes : undefined;
}
