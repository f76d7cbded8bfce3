// Readers that hold decoded values to the types and bounds of a page (specs/
// 01-encoding.md §6). A wrong type is refused as "type", a broken bound as "form".
import { type Bytes } from "./bytes";
import { Fields, type Value } from "./cbor";
import { CID } from "./cid";
import { refuse } from "./refused";

export type Read<T> = (value: Value | undefined) => T;

type Readers = Record<string, Read<unknown>>;
type Required<S extends Readers> = { [K in keyof S]: ReturnType<S[K]> };
type Optional<S extends Readers> = { [K in keyof S]: ReturnType<S[K]> | undefined };

const wrong = (what: string): never => refuse("type", `not ${what}`);

export const must = (rule: boolean, detail: string): void => {
  if (!rule) refuse("form", detail);
};

export const integer =
  (min = 0, max = Number.MAX_SAFE_INTEGER): Read<number> =>
  (v) => {
    const n = typeof v === "number" ? v : wrong("an integer");
    must(n >= min && n <= max, "a number out of bounds");
    return n;
  };

// time reads milliseconds since 1970, up to the end of the year 9999.
export const time: Read<number> = integer(0, 253_402_300_799_999);

export const bytes =
  (min = 0, max = Infinity): Read<Bytes> =>
  (v) => {
    const b = v instanceof Uint8Array ? v : wrong("bytes");
    must(b.length >= min && b.length <= max, "bytes of another length");
    return b;
  };

export const text: Read<string> = (v) => (typeof v === "string" ? v : wrong("text"));

export const match =
  (pattern: RegExp): Read<string> =>
  (v) => {
    const t = text(v);
    must(pattern.test(t), "text of another form");
    return t;
  };

export const cid: Read<CID> = (v) => (v instanceof CID ? v : wrong("a link"));

// link reads a link to DAG-CBOR.
export const link: Read<CID> = (v) => {
  const c = cid(v);
  must(c.isDagCBOR, "a link to raw content");
  return c;
};

export const list =
  <T>(of: Read<T>, min = 0, max = Infinity): Read<T[]> =>
  (v) => {
    const items: Value[] = Array.isArray(v) ? v : wrong("a list");
    must(items.length >= min && items.length <= max, "a list of another length");
    return items.map(of);
  };

// tuple reads a list of as many elements as there are readers.
export const tuple =
  <T extends unknown[]>(...of: { [K in keyof T]: Read<T[K]> }): Read<T> =>
  (v) => {
    if (!Array.isArray(v) || v.length !== of.length) wrong(`a list of ${of.length}`);
    return of.map((read, i) => read((v as Value[])[i])) as T;
  };

export const fields: Read<Fields> = (v) => (v instanceof Fields ? v : wrong("a map"));

// closed reads a map that has the required fields, may have the optional ones, and
// has no others.
export function closed<R extends Readers, O extends Readers>(required: R, optional: O): Read<Required<R> & Optional<O>> {
  return (v) => {
    const { named } = fields(v);
    for (const name of named.keys()) {
      if (!Object.hasOwn(required, name) && !Object.hasOwn(optional, name)) wrong("a field of this map");
    }
    const read: Record<string, unknown> = {};
    for (const name in required) read[name] = required[name]!(named.get(name));
    for (const name in optional) if (named.has(name)) read[name] = optional[name]!(named.get(name));
    return read as Required<R> & Optional<O>;
  };
}
