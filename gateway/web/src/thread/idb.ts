// The browser's database as what keeps conversations. Everything is read back after it
// was first written: some browsers take keys and give nothing back, private windows
// refuse, and both must be known before a shopper relies on it.
import type { FileRow, HeldKey, ItemRow, Keep, OutRow, SelfRow, ShopRow } from "./keep";
import { memoryKeep } from "./keep";

const stores = ["self", "keys", "shops", "items", "out", "files"] as const;
type Store = (typeof stores)[number];

// openKeep opens the database, or keeps in memory.
export async function openKeep(): Promise<Keep> {
  try {
    const db = await openDatabase();
    await probe(db);
    return databaseKeep(db);
  } catch {
    return memoryKeep();
  }
}

function openDatabase(): Promise<IDBDatabase> {
  return new Promise((done, failed) => {
    const request = indexedDB.open("stoa.threads", 1);
    request.onupgradeneeded = () => {
      for (const name of stores) request.result.createObjectStore(name);
    };
    request.onsuccess = () => {
      request.result.onversionchange = () => request.result.close();
      done(request.result);
    };
    request.onerror = () => failed(request.error);
    request.onblocked = () => failed(new Error("blocked by another tab"));
  });
}

async function probe(db: IDBDatabase): Promise<void> {
  const name = `probe.${Math.random()}`;
  await write(db, ["self"], (at) => void at("self").put(new Uint8Array([1, 2, 3]), name));
  const back = await read<Uint8Array | undefined>(db, "self", (s) => s.get(name));
  await write(db, ["self"], (at) => void at("self").delete(name));
  if (back?.[2] !== 3) throw new Error("what was written isn't there");
}

function read<T>(db: IDBDatabase, store: Store, ask: (s: IDBObjectStore) => IDBRequest): Promise<T> {
  return new Promise((done, failed) => {
    const request = ask(db.transaction(store).objectStore(store));
    request.onsuccess = () => done(request.result as T);
    request.onerror = () => failed(request.error);
  });
}

// write runs in one transaction and resolves once it is on disk.
function write(db: IDBDatabase, names: readonly Store[], run: (at: (name: Store) => IDBObjectStore, stop: () => void) => void): Promise<boolean> {
  return new Promise((done, failed) => {
    const tx = db.transaction(names, "readwrite", { durability: "strict" });
    let stopped = false;
    tx.oncomplete = () => done(true);
    tx.onabort = () => (stopped ? done(false) : failed(tx.error));
    run((name) => tx.objectStore(name), () => {
      stopped = true;
      tx.abort();
    });
  });
}

const within = (brand: string, after = 0): IDBKeyRange => IDBKeyRange.bound([brand, after], [brand, []], true);
const ofBrand = (brand: string): IDBKeyRange => IDBKeyRange.bound([brand], [brand, []]);

function databaseKeep(db: IDBDatabase): Keep {
  const files = (brand: string) => read<FileRow[]>(db, "files", (s) => s.getAll(ofBrand(brand)));
  return {
    persisted: true,
    self: () => read<SelfRow | undefined>(db, "self", (s) => s.get("self")),
    putSelf: async (row, replace) => {
      await write(db, ["self"], (at) => {
        const known = at("self").get("self");
        known.onsuccess = () => {
          if (replace || !known.result) at("self").put(row, "self");
        };
      });
      return read<SelfRow>(db, "self", (s) => s.get("self"));
    },
    key: (name) => read<HeldKey | undefined>(db, "keys", (s) => s.get(name)),
    putKey: (name, key) => putKey(db, name, key),
    shops: () => read<ShopRow[]>(db, "shops", (s) => s.getAll()),
    shop: (brand) => read<ShopRow | undefined>(db, "shops", (s) => s.get(brand)),
    items: (brand, after) => read<ItemRow[]>(db, "items", (s) => s.getAll(within(brand, after))),
    out: (brand) => read<OutRow[]>(db, "out", (s) => s.getAll(ofBrand(brand))),
    file: (brand, blob) => read<FileRow | undefined>(db, "files", (s) => s.get([brand, blob])),
    unsent: async (brand) => (await files(brand)).filter((f) => !f.sent),
    commit: ({ row, items = [], out = [], drop = [], files = [] }) =>
      write(db, ["shops", "items", "out", "files"], (at, stop) => {
        const known = at("shops").get(row.brand) as IDBRequest<ShopRow | undefined>;
        known.onsuccess = () => {
          if ((known.result?.rev ?? 0) !== row.rev - 1) return stop();
          at("shops").put(row, row.brand);
          for (const i of items) at("items").put(i, [row.brand, i.seq]);
          for (const n of drop) at("out").delete([row.brand, n]);
          for (const o of out) at("out").put(o, [row.brand, o.dseq]);
          for (const f of files) at("files").put(f, [row.brand, f.blob]);
        };
      }),
    forget: async (brand, keys) => {
      await write(db, ["shops", "items", "out", "files", "keys"], (at) => {
        at("shops").delete(brand);
        if (keys) at("keys").delete(brand);
        for (const name of ["items", "out", "files"] as const) at(name).delete(ofBrand(brand));
      });
    },
  };
}

// putKey keeps a key unless there is one. What can't be used after it was read back is
// taken away again.
async function putKey(db: IDBDatabase, name: string, made: HeldKey): Promise<HeldKey | undefined> {
  try {
    await write(db, ["keys"], (at) => {
      const known = at("keys").get(name);
      known.onsuccess = () => {
        if (!known.result) at("keys").put(made, name);
      };
    });
    const back = await read<HeldKey | undefined>(db, "keys", (s) => s.get(name));
    if (back?.held?.algorithm?.name === made.held.algorithm.name) return back;
    await write(db, ["keys"], (at) => void at("keys").delete(name));
  } catch {
    // refused: this browser keeps no keys
  }
  return undefined;
}
