// Where the cryptography comes from that a browser doesn't bring: see plain.ts.

export type Plain = typeof import("./plain");

// The build says whether it is a script of its own, and puts its address and hash here;
// tests have it bundled.
declare const PLAIN_APART: boolean;
declare const PLAIN_URL: string;
declare const PLAIN_INTEGRITY: string;

export async function plain(): Promise<Plain> {
  if (!PLAIN_APART) return import("./plain");
  await preload(PLAIN_URL, PLAIN_INTEGRITY);
  return import(PLAIN_URL) as Promise<Plain>;
}

// preload fetches a module whose content must have that hash: import takes it from
// there, and has no way of its own to say so.
function preload(href: string, integrity: string): Promise<unknown> {
  const there = document.head.querySelector(`link[href="${href}"]`);
  if (there) return Promise.resolve();
  const link = document.createElement("link");
  if (!link.relList.supports("modulepreload")) return fetch(href, { integrity });
  return new Promise((done, failed) => {
    Object.assign(link, { rel: "modulepreload", href, integrity, onload: done, onerror: failed });
    document.head.append(link);
  });
}

// subtle is the browser's cryptography, which it has on https and localhost only.
export const subtle = (): SubtleCrypto | undefined => (globalThis.crypto as Partial<Crypto>).subtle;
