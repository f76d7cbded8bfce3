// The signed objects of a thread (specs/16-thread.md): made, read and checked. What is
// read is refused unless its form holds; who may have signed it is for the chain.
import { type Bytes, concat, utf8 } from "../verify/bytes";
import { decode } from "../verify/cbor";
import { CID } from "../verify/cid";
import type { Verify } from "../verify/ed25519";
import { type PublicKey, publicKey } from "../verify/key";
import { refuse } from "../verify/refused";
import { bytes, closed, integer, link, match, must, type Read, time } from "../verify/shape";
import { parseSigned, preimage, type Signed } from "../verify/signed";
import { encode, type Tree } from "./crypto/cbor";
import { sha256 } from "./crypto/hash";
import { encSize } from "./crypto/hpke";
import type { Signer } from "./crypto/sign";

export type ObjectKind = "genesis" | "device" | "entry" | "commit" | "join" | "request";

// Made is a signed object with its bytes and its name.
export interface Made {
  readonly id: CID;
  readonly signed: Bytes;
}

export async function sign(kind: ObjectKind, payload: Tree, by: Signer): Promise<Made> {
  const encoded = encode(payload);
  const signature = await by.sign(preimage(kind, encoded));
  return { id: CID.of(encoded), signed: encode([encoded, [[publicKey(by.key).kid, signature]]]) };
}

// signedBy says whether the one signature of an object is by a key.
export async function isSignedBy(kind: ObjectKind, signed: Signed, key: PublicKey, verify: Verify): Promise<boolean> {
  const [one] = signed.signatures;
  return one!.kid === key.kid && verify(key, one!.bytes, preimage(kind, signed.payload));
}

function alone(signed: Signed): Signed {
  must(signed.signatures.length === 1, "not one signature");
  return signed;
}

const key: Read<PublicKey> = (v) => publicKey(bytes(32, 32)(v));
const digest = bytes(32, 32);
const orNull =
  <T>(read: Read<T>): Read<T | null> =>
  (v) =>
    v === null ? null : read(v);
const v1 = integer(1, 1);

export interface Genesis {
  readonly thread: CID;
  readonly signed: Bytes;
  readonly brand: CID;
  readonly prekey: CID;
  readonly enc: Bytes;
  readonly identity: PublicKey;
  readonly device: PublicKey;
  readonly home: CID;
  readonly time: number;
}

export interface GenesisParts {
  readonly brand: CID;
  readonly prekey: CID;
  readonly enc: Bytes;
  readonly device: Bytes;
  readonly home: CID;
  readonly nonce: Bytes;
  readonly time: number;
}

export function signGenesis(parts: GenesisParts, identity: Signer): Promise<Made> {
  return sign("genesis", { v: 1, suite: 1, ...parts, identity: identity.key }, identity);
}

const genesisForm = closed(
  { v: v1, suite: v1, brand: link, prekey: link, enc: bytes(encSize, encSize), identity: key, device: key, home: link, nonce: bytes(16, 16), time },
  {},
);

// readGenesis checks form and signature.
export async function readGenesis(signed: Bytes, verify: Verify): Promise<Genesis> {
  const read = alone(parseSigned(signed));
  const form = genesisForm(decode(read.payload));
  must(form.identity.hex !== form.device.hex, "identity and device are one key");
  if (!(await isSignedBy("genesis", read, form.identity, verify))) refuse("signature", "a genesis that isn't signed by its identity");
  return { ...form, thread: read.id, signed };
}

export function signCertificate(thread: CID, key: Bytes, kind: "device" | "link", time: number, by: Signer): Promise<Made> {
  return sign("device", { v: 1, thread, key, kind, time }, by);
}

const certificateForm = closed({ v: v1, thread: link, key, kind: match(/^(?:device|link)$/), time }, {});

// Certified is what a chain of certificates comes to: a device, and the link in between.
export interface Certified {
  readonly key: PublicKey;
  readonly link: PublicKey | undefined;
}

// certified follows certificates down to a device's: its own alone, by the identity or
// by a link that the thread knows, or a link's and the device's.
export async function certified(thread: CID, identity: PublicKey, certs: readonly Bytes[], links: readonly PublicKey[], verify: Verify): Promise<Certified> {
  const [first, second] = certs;
  must(first !== undefined && certs.length <= 2, "a chain of another length");
  if (!second) return device(thread, [identity, ...links], first!, verify);
  return device(thread, [identity, await openLink(thread, identity, first!, verify)], second, verify);
}

async function device(thread: CID, signers: readonly PublicKey[], cert: Bytes, verify: Verify): Promise<Certified> {
  const { form, by } = await certificate(cert, signers, verify);
  const fits = form.thread.text === thread.text && form.kind === "device" && !signers.some((s) => s.hex === form.key.hex);
  must(fits, "not the certificate of a device of this thread");
  return { key: form.key, link: by === signers[0] ? undefined : by };
}

// openLink reads the certificate of a link's key.
export async function openLink(thread: CID, identity: PublicKey, cert: Bytes, verify: Verify): Promise<PublicKey> {
  const { form } = await certificate(cert, [identity], verify);
  must(form.thread.text === thread.text && form.kind === "link" && form.key.hex !== identity.hex, "not the certificate of a link of this thread");
  return form.key;
}

// certificateKey reads which key a certificate is of, without checking it.
export function certificateKey(cert: Bytes): PublicKey {
  return certificateForm(decode(parseSigned(cert).payload)).key;
}

export async function certificate(cert: Bytes, signers: readonly PublicKey[], verify: Verify) {
  const read = alone(parseSigned(cert));
  const form = certificateForm(decode(read.payload));
  for (const by of signers) if (await isSignedBy("device", read, by, verify)) return { form, by, id: read.id };
  return refuse("signature", "a certificate by nobody who may");
}

export interface Seen {
  readonly seq: number;
  readonly commit: CID;
}

export interface Entry {
  readonly id: CID;
  readonly read: Signed;
  readonly thread: CID;
  readonly by: Bytes;
  readonly dseq: number;
  readonly dprev: CID | null;
  readonly seen: Seen | null;
  readonly kind: string;
  readonly body: Bytes; // what it commits to
  readonly time: number;
}

export interface EntryParts {
  readonly thread: CID;
  readonly dseq: number;
  readonly dprev: CID | null;
  readonly seen: Seen | null;
  readonly kind: string;
  readonly body: Bytes;
  readonly time: number;
}

export function signEntry(parts: EntryParts, by: Signer): Promise<Made> {
  const { seen } = parts;
  return sign("entry", { v: 1, ...parts, seen: seen && { seq: seen.seq, commit: seen.commit }, by: by.key }, by);
}

const count = integer(1);
const seenForm = closed({ seq: count, commit: link }, {});
const entryForm = closed(
  { v: v1, thread: link, by: digest, dseq: count, dprev: orNull(link), seen: orNull(seenForm), kind: match(/^[a-z._]{1,32}$/), body: digest, time },
  {},
);

export function readEntry(signed: Bytes): Entry {
  const read = alone(parseSigned(signed));
  const form = entryForm(decode(read.payload));
  must((form.dseq === 1) === (form.dprev === null), "a number that contradicts its predecessor");
  return { ...form, id: read.id, read };
}

export interface Commit {
  readonly id: CID;
  readonly read: Signed;
  readonly thread: CID;
  readonly seq: number;
  readonly prev: CID | null;
  readonly entry: CID;
  readonly time: number;
  readonly refused: string | undefined;
}

const commitForm = closed(
  { v: v1, thread: link, seq: count, prev: orNull(link), entry: link, time },
  { refused: match(/^[a-z_]{1,32}$/) },
);

export function readCommit(signed: Bytes): Commit {
  const read = alone(parseSigned(signed));
  const form = commitForm(decode(read.payload));
  must((form.seq === 1) === (form.prev === null), "a number that contradicts its predecessor");
  return { ...form, id: read.id, read, refused: form.refused };
}

export interface JoinParts {
  readonly thread: CID;
  readonly prekey: CID;
  readonly enc: Bytes;
  readonly time: number;
}

const joinForm = closed({ v: v1, thread: link, device: key, prekey: link, enc: bytes(encSize, encSize), time }, {});
const requestForm = closed({ v: v1, thread: link, device: key, time }, {});

// openByDevice reads a join or a request, which browsers make and don't get: for whoever
// serves them.
export async function openByDevice(kind: "join" | "request", signed: Bytes, verify: Verify): Promise<CID> {
  const read = alone(parseSigned(signed));
  const { device } = (kind === "join" ? joinForm : requestForm)(decode(read.payload));
  if (!(await isSignedBy(kind, read, device, verify))) refuse("signature", "not signed by its device");
  return read.id;
}

export function signJoin(parts: JoinParts, device: Signer): Promise<Made> {
  return sign("join", { v: 1, ...parts, device: device.key }, device);
}

export function signRequest(thread: CID, time: number, device: Signer): Promise<Made> {
  return sign("request", { v: 1, thread, device: device.key, time }, device);
}

const bodyLabel = utf8.encode("stoa/body/v1\0");

// commitment is what an entry says of its body.
export function commitment(salt: Bytes, body: Bytes): Bytes {
  return sha256(concat(bodyLabel, salt, body));
}
