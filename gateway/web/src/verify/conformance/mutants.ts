// Bundles that are damaged as an attacker would: still canonical, mostly, but with
// parts replaced, left out, doubled and swapped.
import type { Bytes } from "../bytes";
import { decode } from "../cbor";
import { CID } from "../cid";
import { encode, pick, random, type Random, type Tree, tree } from "./encode";

type Check<T> = (bytes: Bytes, brand: string) => Promise<T>;

// A slot is a place in a tree whose value can be looked at and replaced.
interface Slot {
  readonly value: Tree;
  set(value: Tree): void;
  drop(): void;
}

const strange: readonly Tree[] = [
  null, true, 0, 1, 2, -1, Number.MAX_SAFE_INTEGER, "", "group", "record", "profile", "offer", "offer/x", "product/gyokuro",
  "offer/gyokuro/50-g", new Uint8Array(0), new Uint8Array(32), [], new Map(), CID.of(new Uint8Array(1)), CID.of(new Uint8Array(1), true),
];

// mutants checks as many mutants of the bundles, of which one brand is expected.
export async function mutants<T>(bundles: Bytes[], seed: number, count: number, check: Check<T>): Promise<T[]> {
  const roll = random(seed);
  const pool = [...strange, ...bundles.flatMap((b) => slots(tree(decode(b))).map((s) => s.value))];
  const brand = brandOf(bundles[0]!);
  const results: T[] = [];
  while (results.length < count) {
    let mutant = tree(decode(pick(bundles, roll)));
    for (let n = roll(2); n >= 0; n--) mutate(mutant, pool, roll);
    results.push(await check(encode(mutant), brand));
  }
  return results;
}

function brandOf(bundle: Bytes): string {
  const [first] = (tree(decode(bundle)) as Map<string, Tree[]>).get("identity")!;
  const [payload] = decode(first as Bytes) as Bytes[];
  return CID.of(payload!).text;
}

// slots lists all places below the root.
function slots(of: Tree): Slot[] {
  const below = (slot: Slot): Slot[] => [slot, ...slots(slot.value)];
  if (Array.isArray(of)) return of.flatMap((value, i) => below({ value, set: (v) => (of[i] = v), drop: () => of.splice(i, 1) }));
  if (!(of instanceof Map)) return [];
  return [...of].flatMap(([name, value]) => below({ value, set: (v) => of.set(name, v), drop: () => of.delete(name) }));
}

function mutate(root: Tree, pool: readonly Tree[], roll: Random): void {
  const slot = pick(slots(root), roll);
  const { value } = slot;
  const way = roll(8);
  if (way === 0) return slot.set(structuredCopy(pick(pool, roll)));
  if (way === 1) return slot.drop();
  if (way === 2) return void (root as Map<string, Tree>).set(pick(["v", "key", "records", "proof", "absence", "x", "scope"], roll), pick(pool, roll));
  if (typeof value === "number") return slot.set(value + pick([1, -1, 1e12, -value], roll));
  if (value instanceof Uint8Array) return slot.set(way < 6 ? inside(value, pool, roll) : flip(value, roll));
  if (Array.isArray(value) && value.length) shuffle(value, way, roll);
}

function shuffle(list: Tree[], way: number, roll: Random): void {
  const [i, j] = [roll(list.length), roll(list.length)];
  if (way < 5) list.push(list[i]!);
  else [list[i], list[j]] = [list[j]!, list[i]!];
}

// inside mutates the object that bytes hold, if they do.
function inside(bytes: Bytes, pool: readonly Tree[], roll: Random): Bytes {
  try {
    const object = tree(decode(bytes));
    mutate(object instanceof Map ? object : [object], pool, roll);
    return encode(object);
  } catch {
    return flip(bytes, roll);
  }
}

function flip(bytes: Bytes, roll: Random): Bytes {
  const flipped = bytes.slice();
  if (flipped.length) flipped[roll(flipped.length)]! ^= 1 << roll(8);
  return flipped;
}

function structuredCopy(value: Tree): Tree {
  return Array.isArray(value) || value instanceof Map ? tree(decode(encode(value))) : value;
}
