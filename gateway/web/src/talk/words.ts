// The words of the page, and how its language writes money, days and times. The server
// gives the words; nothing a shopper reads stands in the scripts.
import type { Money } from "../thread/types";

export interface Data {
  readonly brand: string;
  readonly home: string;
  readonly direct: boolean;
  readonly base: string;
  readonly url: string;
  readonly name: string;
  readonly locale: string;
  readonly country: string;
  readonly currency: string;
  readonly closed?: string;
  readonly stale?: string;
  readonly seller: readonly string[];
  readonly vat?: string;
  readonly email?: string;
  readonly phone?: string;
  readonly links: Readonly<Record<string, string>>;
  readonly words: Readonly<Record<string, string>>;
  readonly others?: boolean;
}

export const data: Data = JSON.parse(document.getElementById("talk-data")?.textContent ?? "{}");

// say returns the words for a key; {0}, {1}… are replaced.
export function say(key: string, ...values: readonly (string | number)[]): string {
  const words = data.words[key] ?? key;
  return words.replace(/\{(\d)\}/g, (all, n: string) => String(values[Number(n)] ?? all));
}

export const has = (key: string): boolean => key in data.words;

// count says how many, with the plural that the number asks for.
export function count(key: string, n: number): string {
  return say(`${key}.${n === 1 ? "one" : "other"}`, number(n));
}

// exponents are the decimals of currencies that haven't two (ISO 4217). Browsers round
// some currencies otherwise.
const exponents: Readonly<Record<number, string>> = {
  0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
  3: "BHD IQD JOD KWD LYD OMR TND",
  4: "CLF UYW",
};

export function exponent(currency: string): number {
  for (const [digits, list] of Object.entries(exponents)) if (list.includes(currency)) return Number(digits);
  return 2;
}

export function money({ minor, currency }: Money): string {
  const digits = exponent(currency);
  const amount = minor / 10 ** digits;
  try {
    const shape = { style: "currency", currency, minimumFractionDigits: digits, maximumFractionDigits: digits } as const;
    return new Intl.NumberFormat(data.locale, { ...shape, currencyDisplay: currency === data.currency ? "narrowSymbol" : "symbol" }).format(amount);
  } catch {
    return `${currency}\u00a0${amount.toFixed(digits)}`;
  }
}

export const number = (n: number): string => n.toLocaleString(data.locale);

const day = (time: number): number => new Date(time).setHours(0, 0, 0, 0);

export const sameDay = (a: number, b: number): boolean => day(a) === day(b);

// dayOf names a day as people do: today, yesterday, Friday, 4 March.
export function dayOf(time: number, now = Date.now()): string {
  const ago = Math.round((day(now) - day(time)) / 86_400_000);
  if (ago === 0 || ago === 1) return capital(new Intl.RelativeTimeFormat(data.locale, { numeric: "auto" }).format(-ago, "day"));
  if (ago > 1 && ago < 7) return new Date(time).toLocaleDateString(data.locale, { weekday: "long" });
  const year = new Date(time).getFullYear() === new Date(now).getFullYear() ? {} : ({ year: "numeric" } as const);
  return new Date(time).toLocaleDateString(data.locale, { day: "numeric", month: "long", ...year });
}

const capital = (text: string): string => text.charAt(0).toLocaleUpperCase(data.locale) + text.slice(1);

export const dateOf = (time: number): string => new Date(time).toLocaleDateString(data.locale, { dateStyle: "long" });

export const clock = (time: number): string => new Date(time).toLocaleTimeString(data.locale, { hour: "2-digit", minute: "2-digit" });

export const moment = (time: number): string => `${dayOf(time)}, ${clock(time)}`;

export function countryName(code: string): string {
  try {
    return new Intl.DisplayNames(data.locale, { type: "region" }).of(code) ?? code;
  } catch {
    return code;
  }
}
