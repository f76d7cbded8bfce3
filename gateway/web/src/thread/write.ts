// Writing: the next entries of this device, into the outbox (specs/16-thread.md). They
// stay there until the brand has committed them.
import { hex, type Bytes } from "../verify/bytes";
import { CID } from "../verify/cid";
import { type Edit, type Page, signerOf, type Tools } from "./book";
import { encode, type Tree } from "./crypto/cbor";
import { random } from "./crypto/hash";
import { type Signer, seedSigner } from "./crypto/sign";
import type { FileRow, OutRow } from "./keep";
import { encapsulate, nextEpoch, rootOf } from "./keys";
import { commitment, readEntry, signCertificate, signEntry } from "./objects";
import type { Prekey } from "./proven";
import type { Secrets } from "./secrets";

// Draft is something to say.
export interface Draft {
  readonly kind: string;
  readonly body: Tree;
}

export interface Written {
  readonly edit: Edit;
  readonly result: readonly OutRow[];
}

// write signs drafts as the device's next entries. The first entry of a device that
// the genesis doesn't name introduces it.
export async function write(tools: Tools, page: Page, drafts: readonly Draft[], files: readonly FileRow[] = []): Promise<Written> {
  const device = await signerOf(tools, page);
  const all = page.row.introduced ? drafts : [{ kind: "dev.add", body: { certs: page.row.certs } }, ...drafts];
  const bodies = all.map(({ kind, body }) => ({ kind, body: encode(body) }));
  const out = await entries(tools, page, device, page.row, bodies);
  const last = out.at(-1);
  const row = last ? { dseq: last.dseq, dprev: last.id, introduced: true } : {};
  return { edit: { row, out, files }, result: out };
}

interface Pen {
  readonly dseq: number;
  readonly dprev: string | null;
}

async function entries(tools: Tools, { row }: Page, device: Signer, pen: Pen, bodies: readonly { kind: string; body: Bytes }[]): Promise<OutRow[]> {
  const seen = row.chain.commit ? { seq: row.chain.seq, commit: CID.parse(row.chain.commit) } : null;
  const out: OutRow[] = [];
  let { dseq, dprev } = pen;
  for (const { kind, body } of bodies) {
    const [salt, time] = [random(32), tools.clock.now()];
    const parts = { thread: CID.parse(row.thread), dseq: ++dseq, dprev: dprev === null ? null : CID.parse(dprev), seen, kind };
    const made = await signEntry({ ...parts, body: commitment(salt, body), time }, device);
    dprev = made.id.text;
    out.push({ brand: row.brand, dseq, id: dprev, kind, entry: made.signed, salt, body, time, state: "sending" });
  }
  return out;
}

// rewrite signs what waits behind an entry anew: when the brand won't take that entry,
// or when all of it belongs to a thread that isn't ours any more.
export async function rewrite(tools: Tools, page: Page, pen: Pen, rows: readonly OutRow[]): Promise<OutRow[]> {
  return entries(tools, page, await signerOf(tools, page), pen, rows);
}

// penBefore is where the device stood before an entry of its outbox.
export function penBefore(row: OutRow): Pen {
  const { dseq, dprev } = readEntry(row.entry);
  return { dseq: dseq - 1, dprev: dprev?.text ?? null };
}

// rekey begins a new epoch, in force once the brand commits the entry.
export async function rekey(tools: Tools, page: Page, brand: CID, prekey: Prekey): Promise<Written> {
  const sender = await encapsulate(brand, prekey.id, prekey.key);
  const draft = { kind: "rekey", body: { prekey: prekey.id, enc: sender.enc } };
  const written = await write(tools, page, [draft]);
  const entry = CID.parse(written.result.at(-1)!.id);
  const { epoch } = page.row;
  const present = page.secrets.epochs.find((e) => e.epoch === epoch)!.secret;
  const secrets: Secrets = { ...page.secrets, pending: { entry, epoch: epoch + 1, secret: nextEpoch(present, rootOf(sender), CID.parse(page.row.thread)) } };
  return { edit: { ...written.edit, secrets }, result: written.result };
}

// linkDraft is what lets the brand mail a link: a fresh key, certified by the identity.
export async function linkDraft(tools: Tools, { row, secrets }: Page): Promise<Record<string, Tree>> {
  if (!secrets.identity) return {};
  const link = random(32);
  const { key } = await seedSigner(link);
  const cert = await signCertificate(CID.parse(row.thread), key, "link", tools.clock.now(), await seedSigner(secrets.identity));
  return { link, linkCert: cert.signed };
}

export const isHere = ({ row }: Page, key: string): boolean => hex(row.device) === key;
