// A receipt: what shows anybody what both sides signed of one order (specs/21-receipt.md).
import type { Page, Tools } from "./book";
import { encode } from "./crypto/cbor";
import { type OrderView, Refusal } from "./types";

export const receiptType = "application/vnd.stoa.receipt+cbor";

// makeReceipt discloses the bodies of an order and of what happened to it; of all other
// entries of the chain it shows the headers.
export async function makeReceipt(tools: Tools, page: Page, view: OrderView | undefined): Promise<Blob> {
  if (!view) throw new Refusal("order_unknown");
  const shown = new Set([view.quoteId, ...view.events.map((e) => e.id)]);
  const proof = await tools.api.proof(page.row.brand, "prekey");
  const items = page.lines.map(({ header, entry, commit, salt, body }) => (shown.has(header.id.text) ? { entry, commit, salt, body } : { entry, commit }));
  return new Blob([encode({ v: 1, genesis: page.row.genesis, proof, items })], { type: receiptType });
}
