export type Bytes = Uint8Array<ArrayBuffer>;

export const utf8 = new TextEncoder();

export function hex(bytes: Bytes): string {
  let text = "";
  for (const b of bytes) text += b.toString(16).padStart(2, "0");
  return text;
}

export function concat(...parts: Bytes[]): Bytes {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

// compare orders bytewise, a prefix before what it begins.
export function compare(a: Bytes, b: Bytes): number {
  const common = Math.min(a.length, b.length);
  for (let i = 0; i < common; i++) {
    const difference = a[i]! - b[i]!;
    if (difference) return difference;
  }
  return a.length - b.length;
}

export function equal(a: Bytes, b: Bytes): boolean {
  return compare(a, b) === 0;
}

// ascends says whether each item stands strictly before the next.
export function ascends<T>(items: T[], bytes: (item: T) => Bytes): boolean {
  return items.every((item, i) => i === 0 || compare(bytes(items[i - 1]!), bytes(item)) < 0);
}
