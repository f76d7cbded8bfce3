// What this browser keeps of its conversations, and the seam to where it keeps it: the
// browser's database, or, when that doesn't work, the memory of the tab.
import type { Bytes } from "../verify/bytes";
import type { Chain } from "./chain";
import type { Sealed } from "./vault";
import type { Delivery, Trouble } from "./types";

// ShopRow is what is kept of one brand's conversation. Rows are replaced, not changed.
export interface ShopRow {
  readonly brand: string;
  readonly rev: number; // one more at every change, so that tabs don't undo each other
  readonly base: string;
  readonly home: string;
  readonly direct: boolean;
  // Secrets are sealed: see secrets.ts.
  readonly secrets: Sealed;
  readonly thread: string;
  readonly genesis: Bytes;
  readonly identity: Bytes; // the public key
  // The device's key, where the browser doesn't hold it under the brand's name.
  readonly device: Bytes;
  readonly certs: readonly Bytes[]; // of this device; none for the one in the genesis
  readonly begun: boolean; // the gateway took the genesis
  readonly joining: boolean; // the present secret has to be asked for
  readonly introduced: boolean; // the chain knows this device, or will by what waits
  readonly dseq: number;
  readonly dprev: string | null;
  readonly chain: Chain; // as far as it was verified
  readonly epoch: number;
  readonly epochSeq: number; // where the epoch began
  readonly epochTime: number;
  readonly cursor: number; // of the relay's box, which counts by itself
  readonly read: number; // the last commit that the shopper has seen
  readonly keys: readonly string[]; // the brand's online keys that were proven, hex
  readonly removed: boolean;
  readonly erased: boolean;
  readonly trouble?: Trouble | undefined;
}

// ItemRow is a committed entry as it came.
export interface ItemRow {
  readonly brand: string;
  readonly seq: number;
  readonly entry: Bytes;
  readonly commit: Bytes;
  readonly salt?: Bytes | undefined;
  readonly body?: Bytes | undefined;
}

// OutRow is an entry that the brand has not committed. It stays until the brand does.
export interface OutRow {
  readonly brand: string;
  readonly dseq: number;
  readonly id: string;
  readonly kind: string;
  readonly entry: Bytes;
  readonly salt: Bytes;
  readonly body: Bytes;
  readonly time: number;
  readonly state: Delivery;
  readonly reason?: string | undefined;
  readonly sent?: number | undefined; // when it was last handed over
  readonly envelope?: Bytes | undefined; // sealed under epoch
  readonly envelopeID?: string | undefined;
  readonly epoch?: number | undefined;
  readonly receipt?: Bytes | undefined; // of the relay that stored it
}

// FileRow is a sealed file.
export interface FileRow {
  readonly brand: string;
  readonly blob: string;
  readonly bytes: Bytes;
  readonly sent: boolean;
}

// Change is made as a whole or not at all.
export interface Change {
  readonly row: ShopRow;
  readonly items?: readonly ItemRow[];
  readonly out?: readonly OutRow[];
  readonly drop?: readonly number[]; // entries of the outbox, by dseq
  readonly files?: readonly FileRow[];
}

export interface SelfRow {
  readonly code: Sealed;
  readonly restored: boolean; // it was typed in: there may be conversations to find
}

// HeldKey is a key that the browser holds, with its public half if it has one.
export interface HeldKey {
  readonly held: CryptoKey;
  readonly key?: Bytes;
}

export interface Keep {
  readonly persisted: boolean;
  self(): Promise<SelfRow | undefined>;
  // putSelf keeps a row unless there is one, or replaces it, and returns what is kept.
  putSelf(row: SelfRow, replace: boolean): Promise<SelfRow>;
  key(name: string): Promise<HeldKey | undefined>;
  // putKey keeps a key unless there is one, and returns what is there when it is read
  // back: nothing where the browser can't keep keys.
  putKey(name: string, key: HeldKey): Promise<HeldKey | undefined>;
  shops(): Promise<ShopRow[]>;
  shop(brand: string): Promise<ShopRow | undefined>;
  items(brand: string, after: number): Promise<ItemRow[]>;
  out(brand: string): Promise<OutRow[]>;
  file(brand: string, blob: string): Promise<FileRow | undefined>;
  unsent(brand: string): Promise<FileRow[]>;
  // commit makes a change if the row is still the one of the revision before; 0 is
  // for a row that isn't there.
  commit(change: Change): Promise<boolean>;
  // forget removes all that is kept of a brand, its device's key too when told so.
  forget(brand: string, keys: boolean): Promise<void>;
}

// memoryKeep keeps for as long as the page lives.
export function memoryKeep(): Keep {
  let self: SelfRow | undefined;
  const keys = new Map<string, HeldKey>();
  const shops = new Map<string, ShopRow>();
  const items = new Map<string, ItemRow[]>();
  const out = new Map<string, OutRow[]>();
  const files = new Map<string, FileRow>();
  const of = <T>(map: Map<string, T[]>, brand: string): T[] => map.get(brand) ?? [];
  return {
    persisted: false,
    self: async () => self,
    putSelf: async (row, replace) => (self = replace ? row : (self ?? row)),
    key: async (name) => keys.get(name),
    putKey: async (name, key) => {
      if (!keys.has(name)) keys.set(name, key);
      return keys.get(name);
    },
    shops: async () => [...shops.values()],
    shop: async (brand) => shops.get(brand),
    items: async (brand, after) => of(items, brand).filter((i) => i.seq > after),
    out: async (brand) => of(out, brand).slice(),
    file: async (brand, blob) => files.get(brand + blob),
    unsent: async (brand) => [...files.values()].filter((f) => f.brand === brand && !f.sent),
    commit: async ({ row, items: more = [], out: put = [], drop = [], files: put2 = [] }) => {
      const brand = row.brand;
      if ((shops.get(brand)?.rev ?? 0) !== row.rev - 1) return false;
      shops.set(brand, row);
      const kept = of(items, brand).filter((i) => !more.some((m) => m.seq === i.seq));
      items.set(brand, [...kept, ...more].sort((a, b) => a.seq - b.seq));
      const left = of(out, brand).filter((o) => !drop.includes(o.dseq) && !put.some((p) => p.dseq === o.dseq));
      out.set(brand, [...left, ...put].sort((a, b) => a.dseq - b.dseq));
      for (const f of put2) files.set(brand + f.blob, f);
      return true;
    },
    forget: async (brand, withKeys) => {
      for (const map of [shops, items, out]) map.delete(brand);
      if (withKeys) keys.delete(brand);
      for (const [name, f] of files) if (f.brand === brand) files.delete(name);
    },
  };
}
