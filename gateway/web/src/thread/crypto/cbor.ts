// Canonical DAG-CBOR, written (specs/01-encoding.md).
import { type Bytes, compare, concat, utf8 } from "../../verify/bytes";
import { CID } from "../../verify/cid";

export type Tree = null | boolean | number | string | Bytes | CID | readonly Tree[] | { readonly [name: string]: Tree | undefined };

// encode writes a value; fields without one are left out. It throws on a number that is
// no safe integer.
export function encode(v: Tree): Bytes {
  const parts: Bytes[] = [];
  write(v, parts);
  return concat(...parts);
}

function write(v: Tree, out: Bytes[]): void {
  if (v === null) out.push(Uint8Array.of(0xf6));
  else if (typeof v === "boolean") out.push(Uint8Array.of(v ? 0xf5 : 0xf4));
  else if (typeof v === "number") out.push(integer(v));
  else if (typeof v === "string") counted(3, utf8.encode(v), out);
  else if (v instanceof Uint8Array) counted(2, v, out);
  else if (v instanceof CID) out.push(Uint8Array.of(0xd8, 42, 0x58, 37, 0), v.bytes);
  else if (isList(v)) {
    out.push(initial(4, v.length));
    for (const item of v) write(item, out);
  } else fields(v as { readonly [name: string]: Tree | undefined }, out);
}

const isList = (v: unknown): v is readonly Tree[] => Array.isArray(v);

function fields(map: { readonly [name: string]: Tree | undefined }, out: Bytes[]): void {
  const named = Object.entries(map).filter((f): f is [string, Tree] => f[1] !== undefined);
  const sorted = named.map(([name, of]) => ({ name: utf8.encode(name), of }));
  sorted.sort((a, b) => a.name.length - b.name.length || compare(a.name, b.name));
  out.push(initial(5, sorted.length));
  for (const { name, of } of sorted) {
    counted(3, name, out);
    write(of, out);
  }
}

function counted(major: number, bytes: Bytes, out: Bytes[]): void {
  out.push(initial(major, bytes.length), bytes);
}

function integer(n: number): Bytes {
  if (!Number.isSafeInteger(n)) throw new RangeError("not an integer that can be written");
  return n < 0 ? initial(1, -1 - n) : initial(0, n);
}

// initial writes a major type and its argument in the shortest form.
function initial(major: number, n: number): Bytes {
  const size = n < 24 ? 0 : n < 2 ** 8 ? 1 : n < 2 ** 16 ? 2 : n < 2 ** 32 ? 4 : 8;
  const view = new DataView(new ArrayBuffer(9));
  view.setBigUint64(1, BigInt(n));
  view.setUint8(8 - size, (major << 5) | (size ? 24 + Math.log2(size) : n));
  return new Uint8Array(view.buffer, 8 - size, 1 + size);
}
