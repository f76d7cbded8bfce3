// Canonical DAG-CBOR, read with bounds (specs/01-encoding.md §1 to §5).
import { type Bytes, compare } from "./bytes";
import { CID } from "./cid";
import { refuse } from "./refused";

export type Value = null | boolean | number | string | Bytes | CID | Value[] | Fields;

// Fields is a map with the bytes it was read from: its canonical encoding.
export class Fields {
  constructor(
    readonly named: ReadonlyMap<string, Value>,
    readonly encoded: Bytes,
  ) {}
}

const maxDepth = 16;
const maxValues = 16_384;

const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

// decode reads exactly one item. What it returns shares memory with the input.
export function decode(input: Bytes): Value {
  const reader = new Reader(input);
  const value = reader.item(1);
  if (reader.at < input.length) refuse("trailing", "goes on after its end");
  return value;
}

class Reader {
  at = 0;
  private values = 0;

  constructor(private readonly input: Bytes) {}

  // item reads a value; a list or map that begins here is the depth-th around it.
  item(depth: number): Value {
    if (++this.values > maxValues) refuse("count", "too many values");
    const from = this.at;
    const initial = this.take(1)[0]!;
    const [major, info] = [initial >> 5, initial & 31];
    if (major === 7) return simple(info);
    const n = this.argument(info);
    switch (major) {
      case 0:
      case 1:
        return integer(major, n);
      case 2:
        return this.take(n);
      case 3:
        return this.text(n);
      case 4:
        return this.list(n, depth);
      case 5:
        return this.map(n, depth, from);
    }
    return this.link(n);
  }

  private take(n: number): Bytes {
    this.need(n);
    return this.input.subarray(this.at, (this.at += n));
  }

  // need makes sure that there are n more bytes before anything is reserved.
  private need(n: number): void {
    if (n > this.input.length - this.at) refuse("early", "ends early");
  }

  // argument reads what follows the initial byte. Numbers of 2^53 and more come
  // out rounded, but never below 2^53.
  private argument(info: number): number {
    if (info < 24) return info;
    if (info > 27) refuse("length", "an indefinite or reserved length");
    const size = 1 << (info - 24);
    const n = this.take(size).reduce((sum, b) => sum * 256 + b, 0);
    if (n < (size === 1 ? 24 : 2 ** (4 * size))) refuse("shortest", "a number not in its shortest form");
    return n;
  }

  private text(n: number): string {
    const bytes = this.take(n);
    try {
      return strict.decode(bytes);
    } catch {
      return refuse("utf8", "text that is not UTF-8");
    }
  }

  private list(n: number, depth: number): Value[] {
    bound(depth);
    this.need(n);
    const items: Value[] = [];
    while (items.length < n) items.push(this.item(depth + 1));
    return items;
  }

  private map(n: number, depth: number, from: number): Fields {
    bound(depth);
    this.need(2 * n);
    const named = new Map<string, Value>();
    let last: Bytes | undefined;
    while (named.size < n) {
      const [key, bytes] = this.key();
      if (last && (last.length - bytes.length || compare(last, bytes)) >= 0) refuse("order", "keys out of order");
      named.set(key, this.item(depth + 1));
      last = bytes;
    }
    return new Fields(named, this.input.subarray(from, this.at));
  }

  private key(): [string, Bytes] {
    const initial = this.take(1)[0]!;
    if (initial >> 5 !== 3) refuse("key", "a key that is not text");
    const n = this.argument(initial & 31);
    const text = this.text(n);
    return [text, this.input.subarray(this.at - n, this.at)];
  }

  private link(tag: number): CID {
    if (tag !== 42) refuse("tag", "an unknown tag");
    const initial = this.take(1)[0]!;
    if (initial >> 5 !== 2) refuse("link", "a link that is not bytes");
    const bytes = this.take(this.argument(initial & 31));
    if (bytes[0] !== 0 || bytes.length !== 37) refuse("link", "a link of another form");
    try {
      return CID.from(bytes.subarray(1));
    } catch {
      return refuse("link", "a link to an unknown kind of identifier");
    }
  }
}

function simple(info: number): boolean | null {
  if (info < 20 || info > 22) refuse("simple", "a float, undefined or unknown value");
  return info === 22 ? null : info === 21;
}

function integer(major: number, n: number): number {
  const value = major ? -1 - n : n;
  if (!Number.isSafeInteger(value) || n > Number.MAX_SAFE_INTEGER) refuse("integer", "a number out of bounds");
  return value;
}

function bound(depth: number): void {
  if (depth > maxDepth) refuse("depth", "nested too deep");
}
