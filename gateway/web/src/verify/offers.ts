// What records say that variants cost and whether they can be had (specs/06-records.md
// §6), to be compared with what a page shows.
import type { Proven } from "./bundle";
import { Fields, type Value } from "./cbor";
import { Refused } from "./refused";
import { integer, match, must, type Read, text, tuple } from "./shape";

export interface Price {
  readonly minor: number; // in cents, or what the currency has
  readonly currency: string;
}

// Offer is what the brand asks for one variant of a product.
export interface Offer {
  readonly product: string;
  readonly variant: string;
  readonly price: Price;
  readonly compareAt?: Price;
  readonly availability: string;
  // Whether it can be ordered at all.
  readonly buyable: boolean;
}

const buyable = ["in-stock", "low-stock", "back-order", "pre-order"];
const availability = match(new RegExp(`^(?:${buyable.join("|")}|out-of-stock|discontinued)$`));
const taxClass = match(/^(?:standard|reduced|zero|exempt)$/);
const unit = match(/^(?:[mc]?l|m[23]?|[mk]?g|[mc]m|pc)$/);
const money = tuple((v) => integer(0, 1e12)(v ?? 0), match(/^[A-Z]{3}$/));

const price: Read<Price> = (v) => {
  const [minor, currency] = money(v);
  return { minor, currency };
};

// offers returns the offers that a bundle shows, at most one for each variant; a
// variant without one can't be bought. Offers that break a rule are left out, as pages
// leave them out, but whether a currency exists isn't checked.
export function offers({ records }: { readonly records: readonly Proven[] }): Offer[] {
  return records.flatMap((record) => {
    try {
      return record.path.startsWith("offer/") ? [offer(record)] : [];
    } catch (error) {
      if (error instanceof Refused) return [];
      throw error;
    }
  });
}

function offer({ path, value }: Proven): Offer {
  const field = named(value);
  must(field("type") === "offer" && field("v") === 1, "a record of an unknown type");
  const [product, variant] = [text(field("product")), text(field("variant"))];
  must(path === `offer/${product}/${variant}`, "an offer at another path");
  taxClass(field("taxClass"));
  const asked = price(field("price"));
  unitPrice(field("unitPrice"), asked.currency);
  const state = availability(field("availability"));
  const offer = { product, variant, price: asked, availability: state, buyable: buyable.includes(state) };
  const former = formerPrice(field("compareAt"), asked);
  return former ? { ...offer, compareAt: former } : offer;
}

// named gives access to the fields of an open map, where null is the same as absent.
function named(value: Value | undefined): (name: string) => Value | undefined {
  must(value instanceof Fields, "not a map");
  return (name) => (value as Fields).named.get(name) ?? undefined;
}

function formerPrice(v: Value | undefined, asked: Price): Price | undefined {
  if (v === undefined) return undefined;
  const former = price(v);
  must(former.currency === asked.currency && former.minor > asked.minor, "a former price that isn't higher");
  return former;
}

function unitPrice(v: Value | undefined, currency: string): void {
  if (v === undefined) return;
  const field = named(v);
  must(price(field("price")).currency === currency, "a unit price in another currency");
  const per = named(field("per"));
  integer(1, 1e12)(per("milli"));
  unit(per("unit"));
}
