// Writing CBOR, which pages never do.
import { type Bytes, compare, concat, utf8 } from "../bytes";
import { Fields, type Value } from "../cbor";
import { CID } from "../cid";

// Tree is a value that can be changed in place.
export type Tree = null | boolean | number | string | Bytes | CID | Tree[] | Map<string, Tree>;

export function tree(v: Value): Tree {
  if (v instanceof Fields) return new Map([...v.named].map(([name, of]) => [name, tree(of)]));
  return Array.isArray(v) ? v.map(tree) : v;
}

// fields makes a map of the fields that have a value.
export function fields(of: Record<string, Tree | undefined>): Map<string, Tree> {
  return new Map(Object.entries(of).filter((field): field is [string, Tree] => field[1] !== undefined));
}

export function encode(v: Tree): Bytes {
  if (v === null) return Uint8Array.of(0xf6);
  if (typeof v === "boolean") return Uint8Array.of(v ? 0xf5 : 0xf4);
  if (typeof v === "number") return v < 0 ? initial(1, -1 - v) : initial(0, v);
  if (typeof v === "string") return concat(initial(3, utf8.encode(v).length), utf8.encode(v));
  if (v instanceof Uint8Array) return concat(initial(2, v.length), v);
  if (v instanceof CID) return concat(Uint8Array.of(0xd8, 42, 0x58, 37, 0), v.bytes);
  if (Array.isArray(v)) return concat(initial(4, v.length), ...v.map(encode));
  const pairs = [...v].map(([name, of]) => ({ name: encode(name), of: encode(of) }));
  pairs.sort((a, b) => a.name.length - b.name.length || compare(a.name, b.name));
  return concat(initial(5, pairs.length), ...pairs.flatMap(({ name, of }) => [name, of]));
}

// initial writes a major type and its argument in the shortest form.
function initial(major: number, n: number): Bytes {
  const size = n < 24 ? 0 : n < 2 ** 8 ? 1 : n < 2 ** 16 ? 2 : n < 2 ** 32 ? 4 : 8;
  const view = new DataView(new ArrayBuffer(9));
  view.setBigUint64(1, BigInt(n));
  view.setUint8(8 - size, (major << 5) | (size ? 24 + Math.log2(size) : n));
  return new Uint8Array(view.buffer, 8 - size, 1 + size);
}

// Random returns a number from 0 to below n.
export type Random = (n: number) => number;

// random always gives the same numbers for the same seed.
export function random(seed: number): Random {
  let state = seed;
  return (n) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * n);
  };
}

export function pick<T>(from: readonly T[], roll: Random): T {
  return from[roll(from.length)]!;
}
