// What a shopper takes away: everything, in one file that needs nothing to be read.
import type { Bytes } from "../verify/bytes";
import type { Page } from "./book";
import { base64url } from "./keys";
import type { FileRef, Item, State } from "./types";

// takeAway writes all items with what both sides signed, and the files opened. Keys of
// files are left out: the files are there.
export async function takeAway({ row, lines }: Page, state: State, open: (f: FileRef) => Promise<Blob>): Promise<Blob> {
  const signed = new Map(lines.map((l) => [l.header.id.text, { entry: base64url(l.entry), commit: base64url(l.commit), salt: l.salt && base64url(l.salt), body: l.body && base64url(l.body) }]));
  const files: Record<string, unknown> = {};
  for (const ref of state.items.flatMap(filesOf)) {
    const blob = await open(ref).catch(() => undefined);
    files[ref.blob] = { type: ref.type, name: ref.name, data: blob ? base64url(new Uint8Array(await blob.arrayBuffer())) : null };
  }
  const items = state.items.map((item) => ({ ...item, signed: signed.get(item.id) }));
  const all = { format: "stoa-conversation/1", brand: row.brand, thread: row.thread, genesis: base64url(row.genesis), exported: new Date().toISOString(), items, files };
  return new Blob([JSON.stringify(all, readable, 1)], { type: "application/json" });
}

function filesOf({ body }: Item): FileRef[] {
  const file = (body as { file?: FileRef } | undefined)?.file;
  return file ? [file] : [];
}

const secret = ["key", "link", "linkCert"];

function readable(name: string, value: unknown): unknown {
  if (secret.includes(name)) return undefined;
  return value instanceof Uint8Array ? base64url(value as Bytes) : value;
}
