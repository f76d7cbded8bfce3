// Envelopes and what they hold: sealed parcels, padded to one of four sizes
// (specs/16-thread.md).
import type { Bytes } from "../verify/bytes";
import { decode, Fields } from "../verify/cbor";
import { CID } from "../verify/cid";
import { refuse } from "../verify/refused";
import { bytes, closed, integer, link, match, must, type Read } from "../verify/shape";
import { encode, type Tree } from "./crypto/cbor";
import { derive, random } from "./crypto/hash";
import { open, seal, tagSize } from "./crypto/seal";

export type Direction = "up" | "down";

export interface Outer {
  readonly thread: CID;
  readonly dir: Direction;
  readonly epoch: number;
  readonly salt: Bytes;
  readonly join?: CID | undefined;
}

export interface Envelope extends Outer {
  readonly ct: Bytes;
}

export const maxEnvelope = 65_536;
const sizes = [1_024, 4_096, 16_384, 65_024];
// maxParcel leaves room for the byte that begins the padding.
export const maxParcel = 65_023;

export function pad(parcel: Bytes): Bytes {
  const size = sizes.find((s) => parcel.length < s) ?? refuse("form", "a parcel that is too large");
  const padded = new Uint8Array(size);
  padded.set(parcel);
  padded[parcel.length] = 0x80;
  return padded;
}

// unpad takes nothing but what pad makes: there is one way to pad.
export function unpad(text: Bytes): Bytes {
  let end = text.length - 1;
  while (end >= 0 && text[end] === 0) end--;
  must(end >= 0 && text[end] === 0x80, "not padded");
  must(sizes.find((s) => end < s) === text.length, "padded to another size");
  return text.subarray(0, end);
}

// about is what is authenticated and not sealed.
const about = ({ thread, dir, epoch, salt, join }: Outer): Bytes => encode({ v: 1, thread, dir, epoch, salt, join });
const keyOf = (secret: Bytes, { dir, salt }: Outer): Bytes => derive(secret, `stoa/envelope/v1/${dir}`, undefined, salt);

// sealParcel seals under the secret of the epoch, with a fresh salt.
export function sealParcel(secret: Bytes, outer: Omit<Outer, "salt">, parcel: Tree): Promise<Bytes> {
  return sealText(secret, { ...outer, salt: random(32) }, encode(parcel));
}

// sealText is sealParcel with a salt that the caller has made, and uses once.
export async function sealText(secret: Bytes, outer: Outer, parcel: Bytes): Promise<Bytes> {
  const ct = await seal(keyOf(secret, outer), pad(parcel), about(outer));
  return encode({ v: 1, ...outer, ct });
}

const envelopeForm = closed(
  { v: integer(1, 1), thread: link, dir: match(/^(?:up|down)$/), epoch: integer(), salt: bytes(32, 32), ct: bytes() },
  { join: link },
);

export function readEnvelope(encoded: Bytes): Envelope {
  must(encoded.length <= maxEnvelope, "an envelope that is too large");
  const form = envelopeForm(decode(encoded));
  must(sizes.some((s) => form.ct.length === s + tagSize), "sealed text of another size");
  must(!form.join || form.dir === "down", "a welcome that goes up");
  return { ...form, dir: form.dir as Direction, join: form.join };
}

// openEnvelope returns nothing when the secret doesn't fit, and refuses what is sealed
// rightly and breaks a rule.
export async function openEnvelope(secret: Bytes, envelope: Envelope): Promise<Parcel | undefined> {
  const text = await openText(secret, envelope);
  return text && readParcel(text);
}

// openText is openEnvelope without reading the parcel.
export async function openText(secret: Bytes, envelope: Envelope): Promise<Bytes | undefined> {
  const text = await open(keyOf(secret, envelope), envelope.ct, about(envelope));
  return text && unpad(text);
}

export interface EntryParcel {
  readonly kind: "entry";
  readonly entry: Bytes;
  readonly commit: Bytes | undefined;
  readonly salt: Bytes | undefined;
  readonly body: Bytes | undefined;
}

export interface Welcome {
  readonly kind: "welcome";
  readonly epoch: number;
  readonly secret: Bytes;
  readonly write: Bytes;
  readonly seq: number;
  readonly commit: CID | null;
}

export interface Resync {
  readonly kind: "resync";
  readonly have: number;
  readonly commit: CID | null;
}

export type Parcel = EntryParcel | Welcome | Resync | { readonly kind: "other" };

const kindIs = (kind: string): Read<string> => match(new RegExp(`^${kind}$`));
const commitOrNull: Read<CID | null> = (v) => (v === null ? null : link(v));
const secret = bytes(32, 32);
const body = bytes(1, 61_440);
const entryParcel = closed({ kind: kindIs("entry"), entry: bytes(1) }, { commit: bytes(1), salt: secret, body });
const welcomeParcel = closed(
  { kind: kindIs("welcome"), epoch: integer(), secret, write: secret, seq: integer(), commit: commitOrNull },
  {},
);
const resyncParcel = closed({ kind: kindIs("resync"), have: integer(), commit: commitOrNull }, {});

// readParcel reads what comes down. Kinds of a newer version are of no use here.
export function readParcel(encoded: Bytes): Parcel {
  const value = decode(encoded);
  const kind = value instanceof Fields ? value.named.get("kind") : undefined;
  if (kind === "welcome") return placed<Welcome>({ ...welcomeParcel(value), kind }, (w) => w.seq);
  if (kind === "resync") return placed<Resync>({ ...resyncParcel(value), kind }, (r) => r.have);
  if (kind !== "entry") return { kind: "other" };
  const parcel = entryParcel(value);
  must(!parcel.salt === !parcel.body, "a body without its salt");
  return { ...parcel, kind, commit: parcel.commit, salt: parcel.salt, body: parcel.body };
}

// placed refuses a place whose number and commit contradict each other.
function placed<P extends { readonly commit: CID | null }>(parcel: P, seq: (p: P) => number): P {
  must((seq(parcel) === 0) === (parcel.commit === null), "a number that contradicts its commit");
  return parcel;
}

// Handed is a committed entry as the shopper holds it, for a brand that lost it.
export interface Handed {
  readonly entry: Bytes;
  readonly commit: Bytes;
  readonly salt?: Bytes | undefined;
  readonly body?: Bytes | undefined;
}

const handSize = (h: Handed): number => h.entry.length + h.commit.length + (h.body?.length ?? 0) + 128;

// handbacks packs entries into as few parcels as hold them.
export function handbacks(items: readonly Handed[]): Tree[] {
  const parcels: Handed[][] = [];
  let room = 0;
  for (const item of items) {
    const size = handSize(item);
    if (size > room || !parcels.length) {
      parcels.push([]);
      room = maxParcel - 64;
    }
    parcels.at(-1)!.push(item);
    room -= size;
  }
  return parcels.map((p) => ({ kind: "handback", items: p.map(({ entry, commit, salt, body }) => ({ entry, commit, salt, body })) }));
}

