// A receipt: what shows anybody what both sides signed of one order, and that nothing
// was left out between (specs/21-receipt.md).
import type { Bytes } from "../verify/bytes";
import { decode, Fields } from "../verify/cbor";
import { publicKey } from "../verify/key";
import { bytes, list } from "../verify/shape";
import { parseSigned } from "../verify/signed";
import { readBody } from "./bodies";
import type { Line, Page, Tools } from "./book";
import { encode } from "./crypto/cbor";
import { certificateKey } from "./objects";
import { type OrderView, Refusal } from "./types";

export const receiptType = "application/vnd.stoa.receipt+cbor";

// makeReceipt shows, with their bodies, the quote, the order and every entry that speaks
// of it; of all else that there was a commit.
export async function makeReceipt(tools: Tools, page: Page, view: OrderView | undefined): Promise<Blob> {
  if (!view) throw new Refusal("order_unknown");
  const speaks = new Set([view.quoteId, view.id]);
  const shown = page.lines.filter((l) => speaks.has(l.header.id.text) || orderOf(l) === view.id);
  const receipt = {
    v: 1, log: await logOf(tools, page), genesis: page.row.genesis, devices: devicesOf(page), commits: page.lines.map((l) => l.commit),
    entries: shown.map(({ entry, salt, body }) => ({ entry, ...(body ? { salt, body } : {}) })),
  };
  return new Blob([encode(receipt)], { type: receiptType });
}

function orderOf({ header, body }: Line): unknown {
  const read = body && (readBody(header.kind, body) as { order?: unknown } | undefined);
  return read?.order;
}

// logOf takes the brand's signed operations out of a proof, where they stand as a
// receipt has them.
async function logOf({ api }: Tools, { row }: Page): Promise<Bytes[]> {
  const bundle = decode(await api.proof(row.brand, "prekey"));
  return list(bytes())(bundle instanceof Fields ? bundle.named.get("identity") : undefined);
}

// devicesOf returns, of each device but the first, the certificates from the identity
// down: where a mailed link brought it in, the link's stands in front.
function devicesOf({ row, lines }: Page): Bytes[][] {
  const bodies = lines.filter((l) => l.mine && l.body && !l.place.refused).map((l) => ({ kind: l.header.kind, body: readBody(l.header.kind, l.body!) }));
  const of = <T>(kind: string): T[] => bodies.filter((b) => b.kind === kind && b.body).map((b) => b.body as T);
  const links = of<{ linkCert?: Bytes }>("callback").flatMap((c) => c.linkCert ?? []);
  const identity = publicKey(row.identity).kid;
  return of<{ certs: Bytes[] }>("dev.add").map(({ certs }) => {
    const { kid } = parseSigned(certs[0]!).signatures[0]!;
    const link = kid === identity ? undefined : links.find((l) => certificateKey(l).kid === kid);
    return link ? [link, ...certs] : certs;
  });
}
