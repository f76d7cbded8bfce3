// Which products were looked at last, so that one can be asked about without a search.
import { isHandle } from "./cart";

const key = (brand: string): string => `stoa.looked.${brand}`;
const most = 8;

export function seen(brand: string): string[] {
  try {
    const list: unknown = JSON.parse(localStorage.getItem(key(brand)) ?? "[]");
    return Array.isArray(list) ? list.filter((h) => typeof h === "string" && isHandle(h)).slice(0, most) : [];
  } catch {
    return [];
  }
}

export function look(brand: string, product: string): void {
  try {
    localStorage.setItem(key(brand), JSON.stringify([product, ...seen(brand).filter((h) => h !== product)].slice(0, most)));
  } catch {
    // a browser that keeps nothing
  }
}
