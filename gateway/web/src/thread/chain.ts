// The chain of a thread: entries that the brand committed, one after the other, each
// checked before it counts (specs/16-thread.md).
import { type Bytes, equal, hex } from "../verify/bytes";
import { decode, Fields } from "../verify/cbor";
import type { CID } from "../verify/cid";
import type { Verify } from "../verify/ed25519";
import { type PublicKey, publicKey } from "../verify/key";
import { refuse } from "../verify/refused";
import { bytes, list, must } from "../verify/shape";
import { parseSigned } from "../verify/signed";
import type { EntryParcel } from "./envelope";
import type { KnownDevice } from "./keep";
import { certificateKey, certified, type Commit, commitment, type Entry, isSignedBy, readCommit, readEntry } from "./objects";

// Place is how far a chain has been verified, and who may write on.
export interface Place {
  readonly seq: number;
  readonly commit: string | null;
  readonly devices: readonly KnownDevice[];
}

export interface Committed {
  readonly entry: Entry;
  readonly commit: Commit;
  readonly body: Bytes | undefined; // undefined: erased
  readonly mine: boolean; // written by the shopper, on whatever device
}

// Unknown says that a commit is by a key that the brand hasn't been proven to have.
export class Unknown extends Error {}

// Thread is what of a thread never changes, and how signatures are checked.
export interface Thread {
  readonly id: CID;
  readonly identity: PublicKey;
  readonly keys: readonly string[]; // the brand's, hex
  readonly verify: Verify;
}

export interface Read {
  readonly entry: Entry;
  readonly commit: Commit;
}

// read reads a parcel that came down: it has a commit of its entry, in this thread.
export function read(thread: Thread, parcel: EntryParcel): Read {
  const entry = readEntry(parcel.entry);
  const commit = readCommit(parcel.commit ?? refuse("form", "an entry without its commit"));
  must(entry.thread.text === thread.id.text && commit.thread.text === thread.id.text, "of another thread");
  must(commit.entry.text === entry.id.text, "a commit of another entry");
  return { entry, commit };
}

// check refuses an entry that doesn't stand next in the chain, or that isn't what both
// sides signed.
export async function check(thread: Thread, place: Place, { entry, commit }: Read, parcel: EntryParcel): Promise<Committed> {
  must(commit.seq === place.seq + 1 && (commit.prev?.text ?? null) === place.commit, "a commit that doesn't come next");
  await isCommit(thread, commit);
  const { salt, body } = parcel;
  if (salt && body && !equal(commitment(salt, body), entry.body)) refuse("commitment", "a body that its author didn't sign");
  const mine = !thread.keys.includes(hex(entry.by));
  const author = mine ? await device(thread, place, entry, body) : publicKey(entry.by);
  if (!(await isSignedBy("entry", entry.read, author, thread.verify))) refuse("signature", "an entry that its author didn't sign");
  return { entry, commit, body, mine };
}

// isCommit refuses a commit that the brand didn't sign.
export async function isCommit(thread: Thread, commit: Commit): Promise<void> {
  const { kid } = commit.read.signatures[0]!;
  const key = thread.keys.map(keyOf).find((k) => k.kid === kid);
  if (!key) throw new Unknown(kid);
  if (!(await isSignedBy("commit", commit.read, key, thread.verify))) refuse("signature", "a commit that the brand didn't sign");
}

// device returns the key of the shopper's device that wrote an entry.
async function device(thread: Thread, place: Place, entry: Entry, body: Bytes | undefined): Promise<PublicKey> {
  const key = publicKey(entry.by);
  if (place.devices.some((d) => d.key === key.hex && !d.link)) return key;
  if (entry.kind !== "dev.add" || !body) return refuse("stranger", "an entry of a device that isn't known");
  const added = await chainOf(thread, place, certsOf(body));
  return added.hex === key.hex ? key : refuse("stranger", "a device that adds another");
}

// chainOf follows certificates from the identity, or from a link that it certified
// before.
function chainOf(thread: Thread, place: Place, certs: readonly Bytes[]): Promise<PublicKey> {
  const { kid } = parseSigned(certs[0]!).signatures[0]!;
  const link = kid === thread.identity.kid ? undefined : place.devices.find((d) => d.link && keyOf(d.key).kid === kid)?.link;
  return certified(thread.id, thread.identity, link ? [link, ...certs] : certs, thread.verify);
}

const certsForm = list(bytes(1, 5_120), 1, 2);
export const certsOf = (body: Bytes): Bytes[] => certsForm(fieldOf(body, "certs"));
const fieldOf = (body: Bytes, name: string) => {
  const value = decode(body);
  return value instanceof Fields ? value.named.get(name) : undefined;
};

// after is the place behind a committed entry.
export function after(place: Place, { entry, commit, body, mine }: Committed): Place {
  const devices = mine && !commit.refused ? devicesAfter(place.devices, entry, body) : place.devices;
  return { seq: commit.seq, commit: commit.id.text, devices };
}

function devicesAfter(devices: readonly KnownDevice[], entry: Entry, body: Bytes | undefined): readonly KnownDevice[] {
  if (entry.kind === "callback" && body) return linksAfter(devices, entry, body);
  if (entry.kind === "dev.add") {
    const key = hex(entry.by);
    return devices.some((d) => d.key === key) ? devices : [...devices, { key, since: entry.time, removed: false }];
  }
  if (entry.kind !== "dev.del" || !body) return devices;
  const gone = fieldOf(body, "device");
  return devices.map((d) => (gone instanceof Uint8Array && d.key === hex(gone) ? { ...d, removed: true } : d));
}

// linksAfter knows a link's key by its certificate, which chains check when it counts.
function linksAfter(devices: readonly KnownDevice[], entry: Entry, body: Bytes): readonly KnownDevice[] {
  const link = fieldOf(body, "linkCert");
  if (!(link instanceof Uint8Array)) return devices;
  const key = certificateKey(link).hex;
  return devices.some((d) => d.key === key) ? devices : [...devices, { key, since: entry.time, removed: false, link }];
}

const keyOf = (text: string): PublicKey => publicKey(Uint8Array.from(text.match(/../g) ?? [], (b) => parseInt(b, 16)));
