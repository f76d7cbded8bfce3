// The cart: what a shopper has put aside from one brand. It stays in this browser, and
// is nobody else's business until a price is asked for.
import type { CartLine } from "../thread/types";

export const maxLines = 100;
export const maxQuantity = 100_000;

const key = (brand: string): string => `stoa.cart.${brand}`;

// read returns what is in the cart; what isn't a line of one is left out.
export function read(brand: string, store: Pick<Storage, "getItem"> = localStorage): CartLine[] {
  try {
    const lines: unknown = JSON.parse(store.getItem(key(brand)) ?? "[]");
    return Array.isArray(lines) ? lines.flatMap(line).slice(0, maxLines) : [];
  } catch {
    return [];
  }
}

function line(v: unknown): CartLine[] {
  const { product, variant, quantity } = (v ?? {}) as Record<string, unknown>;
  const named = typeof product === "string" && typeof variant === "string" && isHandle(product) && isHandle(variant);
  return named && typeof quantity === "number" && isQuantity(quantity) ? [{ product, variant, quantity }] : [];
}

export const isHandle = (text: string): boolean => /^[A-Za-z0-9._-]{1,200}$/.test(text);

export const isQuantity = (n: number): boolean => Number.isInteger(n) && n >= 1 && n <= maxQuantity;

// write keeps the lines and tells the page.
export function write(brand: string, lines: readonly CartLine[]): void {
  try {
    if (lines.length) localStorage.setItem(key(brand), JSON.stringify(lines));
    else localStorage.removeItem(key(brand));
  } catch {
    return; // a browser that keeps nothing
  }
  dispatchEvent(new Event("stoa-cart"));
}

// put adds to the line of the variant, or makes it.
export function put(brand: string, { product, variant, quantity }: CartLine): void {
  const lines = read(brand);
  const there = lines.find((l) => l.variant === variant && l.product === product);
  const rest = lines.filter((l) => l !== there);
  const sum = Math.min(maxQuantity, quantity + (there?.quantity ?? 0));
  if (rest.length < maxLines) write(brand, there ? lines.map((l) => (l === there ? { product, variant, quantity: sum } : l)) : [...rest, { product, variant, quantity: sum }]);
}

export const pieces = (lines: readonly CartLine[]): number => lines.reduce((sum, l) => sum + l.quantity, 0);

// watch calls fn now and when the cart changes, in this tab or another.
export function watch(brand: string, fn: (lines: CartLine[]) => void): void {
  const tell = (): void => fn(read(brand));
  addEventListener("stoa-cart", tell);
  addEventListener("storage", (e) => e.key === key(brand) && tell());
  addEventListener("pageshow", tell);
  tell();
}
