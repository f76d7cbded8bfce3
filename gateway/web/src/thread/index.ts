// The engine of a conversation between this browser and a brand: keys, sealing,
// sending, receiving, keeping. It touches no document, but to draw pictures anew.
import { Api } from "./api";
import type { Tools } from "./book";
import { clockOf } from "./clock";
import { anyVerify } from "./crypto/sign";
import { Talk } from "./engine";
import { Hub } from "./hub";
import { openKeep } from "./idb";
import type { Keep } from "./keep";
import { openSelf } from "./self";
import type { Engine, Options, Shop } from "./types";
import { openVault } from "./vault";
import { isTelling, itemOf } from "./view";
import { Book } from "./book";

export * from "./types";

export async function toolsOf(keep: Keep, fetch?: typeof globalThis.fetch): Promise<Tools> {
  const [api, vault] = [new Api(fetch), await openVault(keep)];
  return { keep, vault, api, verify: anyVerify(), clock: clockOf() };
}

export async function openEngine(o: Options): Promise<Engine> {
  const tools = await toolsOf(await openKeep());
  return Talk.open(new Hub(tools), await openSelf(tools), o);
}

// myShops lists the conversations that are kept in this browser, as they are kept.
export async function myShops(): Promise<Shop[]> {
  const tools = await toolsOf(await openKeep());
  const shops: Shop[] = [];
  for (const row of await tools.keep.shops()) {
    const book = new Book(tools, row.brand);
    await book.load();
    const items = (book.page?.lines ?? []).map(itemOf);
    const last = items.findLast((i) => isTelling(i) || (i.mine && ["text", "photo", "order"].includes(i.kind)));
    const unread = items.filter((i) => isTelling(i) && i.seq! > row.read).length;
    shops.push({ brand: row.brand, base: row.base, unread, ...(last ? { last } : {}) });
  }
  return shops;
}
