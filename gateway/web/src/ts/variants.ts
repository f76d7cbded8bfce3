// A variant as the page's data block has it.
export interface Variant {
  id: string;
  values: number[];
  price: string;
  was?: string;
  unit?: string;
  class: string;
  words: string;
  buyable: boolean;
  picture?: number;
  facts?: Record<string, string>;
  minor?: number; // what the price is, in cents or what the currency has
  currency?: string;
}

// parse reads the data block that the server wrote into the page.
export function parse(text: string): Variant[] {
  return JSON.parse(text) as Variant[];
}

// lead finds the variant that a choice leads to: the chosen one with that value
// instead, or when there is none the one with that value that has most in common
// with it. The server does the same.
export function lead(all: Variant[], chosen: Variant, option: number, value: number): { target?: Variant; exact: boolean } {
  let target: Variant | undefined;
  let best = -1;
  for (const v of all) {
    if (v.values[option] !== value) continue;
    const common = v.values.filter((n, at) => at !== option && n === chosen.values[at]).length;
    if (common > best) [target, best] = [v, common];
  }
  return target ? { target, exact: best === chosen.values.length - 1 } : { exact: false };
}
