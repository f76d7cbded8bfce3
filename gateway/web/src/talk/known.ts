// The names of the shops this browser has talked to, for the page that lists them.
import { data } from "./words";

export interface Known {
  readonly name: string;
  readonly url: string;
}

const key = "stoa.shops";

export function known(): Record<string, Known> {
  try {
    const all: unknown = JSON.parse(localStorage.getItem(key) ?? "{}");
    return typeof all === "object" && all !== null ? (all as Record<string, Known>) : {};
  } catch {
    return {};
  }
}

export function remember(): void {
  try {
    localStorage.setItem(key, JSON.stringify({ ...known(), [data.brand]: { name: data.name, url: data.url } }));
  } catch {
    // a browser that keeps nothing
  }
}
