// The chain of a thread (specs/16-thread.md §9): what follows from its committed entries.
// Both sides and whoever is shown the thread fold it in the same way.
import { type Bytes, equal, hex } from "../verify/bytes";
import { CID } from "../verify/cid";
import type { Verify } from "../verify/ed25519";
import { type PublicKey, publicKey } from "../verify/key";
import { Refused, refuse } from "../verify/refused";
import { must } from "../verify/shape";
import { may, readBody } from "./bodies";
import type { Handed } from "./envelope";
import { certified, type Commit, commitment, type Entry, type Genesis, isSignedBy, openLink, readCommit, readEntry } from "./objects";

// Author is where the entries of one author are at.
export interface Author {
  readonly dseq: number;
  readonly last: string | null;
}

// KnownDevice is a device of the shopper's.
export interface KnownDevice extends Author {
  readonly key: string; // hex
  readonly link: string; // the link key that brought it in, hex; "" for none
  readonly since: number;
  readonly removed: boolean;
}

export interface Chain {
  readonly seq: number; // the last commit
  readonly commit: string | null;
  readonly devices: readonly KnownDevice[];
  readonly links: readonly string[]; // keys of links that may bring devices in, hex
  readonly shut: readonly string[]; // devices and links that were removed, hex
  readonly own: Author; // the brand's entries
  readonly erased: boolean;
}

export function chainOf({ device, time }: Pick<Genesis, "device" | "time">): Chain {
  const first = { key: device.hex, link: "", since: time, removed: false, dseq: 0, last: null };
  return { seq: 0, commit: null, devices: [first], links: [], shut: [], own: { dseq: 0, last: null }, erased: false };
}

// Committed is an entry in its place, proven.
export interface Committed {
  readonly entry: Entry;
  readonly commit: Commit;
  readonly mine: boolean; // written by the shopper, on whatever device
  // The body as readBody returns it; undefined when it was erased and when it has no
  // effect: refused, of a newer version, wrong, or not for that side to say.
  readonly value: unknown;
}

// Unknown says that a commit is by a key that the brand hasn't been proven to have.
export class Unknown extends Refused {
  constructor() {
    super("signature", "a commit by a key that isn't known");
  }
}

// Thread is what of a thread stays, and how it is checked.
export interface Thread {
  readonly id: CID;
  readonly identity: PublicKey;
  readonly keys: readonly string[]; // the brand's, hex
  readonly verify: Verify;
  // The commit at a place before the last.
  commitAt(seq: number): string | undefined;
}

export interface Followed {
  readonly committed: Committed;
  readonly chain: Chain;
}

const maxDevices = 64;

// follow proves the entry that stands next and takes it in: the brand's commit, the
// author's signature, the body, and that the entry follows those of its author. What is
// there already is refused as "known", what contradicts it as "contradiction", what comes
// too early as "gap".
export async function follow(thread: Thread, chain: Chain, item: Handed): Promise<Followed> {
  const commit = readCommit(item.commit);
  await isCommit(thread, commit);
  stands(thread, chain, commit);
  const entry = readEntry(item.entry);
  must(entry.id.text === commit.entry.text, "a commit of another entry");
  const body = bodyOf(entry, item);
  const mine = !thread.keys.includes(hex(entry.by));
  const key = publicKey(entry.by);
  if (!(await isSignedBy("entry", entry.read, key, thread.verify))) refuse("signature", "an entry that its author didn't sign");
  must(entry.thread.text === thread.id.text, "an entry of another thread");
  const device = mine ? await deviceOf(thread, chain, entry, key, body) : undefined;
  follows(device ?? chain.own, entry);
  hasSeen(thread, chain, entry);
  const value = !commit.refused && may(entry.kind, mine) ? body : undefined;
  const committed = { entry, commit, mine, value };
  return { committed, chain: await after(thread, chain, committed, device) };
}

// isCommit refuses a commit that the brand didn't sign.
async function isCommit(thread: Thread, commit: Commit): Promise<void> {
  const { kid } = commit.read.signatures[0]!;
  const key = thread.keys.map(keyOf).find((k) => k.kid === kid);
  if (!key) throw new Unknown();
  if (!(await isSignedBy("commit", commit.read, key, thread.verify))) refuse("signature", "a commit that the brand didn't sign");
}

function stands(thread: Thread, { seq, commit }: Chain, next: Commit): void {
  must(next.thread.text === thread.id.text, "a commit of another thread");
  if (next.seq > seq + 1) refuse("gap", "a commit further on");
  if (next.seq === seq + 1) {
    if ((next.prev?.text ?? null) !== commit) refuse("contradiction", "a commit that follows another");
    return;
  }
  const known = next.seq === seq ? commit : thread.commitAt(next.seq);
  if (known !== undefined && known !== next.id.text) refuse("contradiction", "another commit at a known place");
  refuse("known", "a commit that is there");
}

function bodyOf(entry: Entry, { salt, body }: Handed): unknown {
  if (!salt || !body) return undefined;
  if (!equal(commitment(salt, body), entry.body)) refuse("commitment", "a body that its author didn't sign");
  return readBody(entry.kind, body);
}

// deviceOf returns the device that made an entry: one of the thread, or the one that the
// entry brings in.
async function deviceOf(thread: Thread, chain: Chain, entry: Entry, key: PublicKey, body: unknown): Promise<KnownDevice> {
  const known = chain.devices.find((d) => d.key === key.hex);
  if (known?.removed) refuse("removed", "an entry of a device that was removed");
  if (known) return known;
  if (entry.kind !== "dev.add" || !body) return refuse("stranger", "an entry of a device that isn't known");
  const added = await newcomer(thread, chain, body).catch((error: unknown) => {
    throw error instanceof Refused ? new Refused("stranger", error.message) : error;
  });
  if (added.key !== key.hex || chain.devices.length >= maxDevices) refuse("stranger", "a device that can't come in");
  if (chain.shut.includes(added.key) || chain.shut.includes(added.link)) refuse("removed", "a device that was shut out before");
  return { key: added.key, link: added.link, since: entry.time, removed: false, dseq: 0, last: null };
}

async function newcomer({ id, identity, verify }: Thread, { links }: Chain, body: unknown): Promise<{ key: string; link: string }> {
  const { certs } = body as { certs: Bytes[] };
  const { key, link } = await certified(id, identity, certs, links.map(keyOf), verify);
  return { key: key.hex, link: link?.hex ?? "" };
}

function follows({ dseq, last }: Author, entry: Entry): void {
  if (entry.dseq > dseq + 1) refuse("gap", "entries of its author are missing before it");
  if (entry.dseq <= dseq || (entry.dprev?.text ?? null) !== last) refuse("forked", "two entries of one author at one place");
}

function hasSeen(thread: Thread, { seq, commit }: Chain, { seen }: Entry): void {
  if (!seen) return;
  if (seen.seq > seq) refuse("unseen", "an entry that has seen what isn't there");
  const known = seen.seq === seq ? commit : thread.commitAt(seen.seq);
  if (known !== undefined && known !== seen.commit.text) refuse("contradiction", "an entry that has seen another commit");
}

// after is the chain behind a committed entry.
async function after(thread: Thread, chain: Chain, { entry, commit, mine, value }: Committed, author: KnownDevice | undefined): Promise<Chain> {
  const at = { dseq: entry.dseq, last: entry.id.text };
  const moved = chain.devices.map((d) => (d.key === author?.key ? { ...d, ...at } : d));
  const next = { ...chain, seq: commit.seq, commit: commit.id.text, devices: moved, own: mine ? chain.own : at };
  if (!value) return next;
  switch (entry.kind) {
    case "dev.add":
      return { ...next, devices: await withDevice(thread, next, value, entry, at) };
    case "dev.del":
      return without(next, hex((value as { device: Bytes }).device));
    case "callback":
      return withLink(thread, next, (value as { linkCert?: Bytes }).linkCert);
    case "erased":
      return { ...next, erased: true };
  }
  return next;
}

async function withDevice(thread: Thread, chain: Chain, body: unknown, { time }: Entry, at: Author): Promise<readonly KnownDevice[]> {
  const added = await newcomer(thread, chain, body).catch(ignoreRefused);
  if (!added || chain.devices.some((d) => d.key === added.key)) return chain.devices;
  return [...chain.devices, { ...added, ...at, since: time, removed: false }];
}

function without(chain: Chain, key: string): Chain {
  const devices = chain.devices.map((d) => (d.key === key ? { ...d, removed: true } : d));
  return { ...chain, devices, links: chain.links.filter((l) => l !== key), shut: [...chain.shut, key] };
}

async function withLink(thread: Thread, chain: Chain, cert: Bytes | undefined): Promise<Chain> {
  const key = cert && (await openLink(thread.id, thread.identity, cert, thread.verify).catch(ignoreRefused))?.hex;
  if (!key || chain.links.includes(key) || chain.shut.includes(key)) return chain;
  return { ...chain, links: [...chain.links, key] };
}

function ignoreRefused(error: unknown): undefined {
  if (!(error instanceof Refused)) throw error;
}

const keyOf = (text: string): PublicKey => publicKey(Uint8Array.from(text.match(/../g) ?? [], (b) => parseInt(b, 16)));
