// The bodies of entries (specs/17-bodies.md), read into plain objects: links as text,
// amounts with their currency, nothing that isn't of the kind. Unknown fields are
// ignored, null is the same as absent.
import type { Bytes } from "../verify/bytes";
import { decode, Fields, type Value } from "../verify/cbor";
import { CID } from "../verify/cid";
import { Refused, refuse } from "../verify/refused";
import { bytes, cid, integer, link, list, match, must, type Read, tuple } from "../verify/shape";
import type { Tree } from "./crypto/cbor";
import type { Address, AskBody, Contact, FileRef, Money, Quote, QuoteLine, ShippingChoice } from "./types";

type Readers = Record<string, Read<unknown>>;
type Out<R extends Readers, O extends Readers> = { [K in keyof R]: ReturnType<R[K]> } & { [K in keyof O]?: Exclude<ReturnType<O[K]>, undefined> };

// shape reads a map with these fields and any others.
function shape<R extends Readers, O extends Readers>(required: R, optional: O): Read<Out<R, O>> {
  return (v) => {
    const { named } = v instanceof Fields ? v : refuse("type", "not a map");
    const out: Record<string, unknown> = {};
    for (const name in required) out[name] = required[name]!(named.get(name));
    for (const name in optional) {
      const value = named.get(name) ?? undefined;
      if (value !== undefined) out[name] = optional[name]!(value);
    }
    return out as Out<R, O>;
  };
}

const or =
  <T>(read: Read<T>, otherwise: T): Read<T> =>
  (v) =>
    v === undefined || v === null ? otherwise : read(v);

const text =
  (max: number, min = 0): Read<string> =>
  (v) => {
    const t = typeof v === "string" ? v : refuse("type", "not text");
    must(t.length >= min && [...t].length <= max, "text of another length");
    return t;
  };
const flag: Read<boolean> = (v) => (typeof v === "boolean" ? v : refuse("type", "not a flag"));
const name: Read<string> = (v) => link(v).text;
const word = text(200, 1);
const short = text(300);
const long = text(4_000);
const count = integer(0, 100_000);
const instant = integer(0, 253_402_300_799_999);
const currency = match(/^[A-Z]{3}$/);
const country = match(/^[A-Z]{2}$/);
const money: Read<Money> = (v) => {
  const [minor, code] = tuple(integer(), currency)(v);
  return { minor, currency: code };
};

const contact: Read<Contact> = shape({ name: short }, { email: short, phone: short });
const address: Read<Address> = shape(
  { street: short, city: short, country },
  { name: short, company: short, extra: short, region: short, postcode: short },
);
const part = shape({ line: count, quantity: count }, {});
const cartLine = shape({ product: word, variant: word, quantity: count }, {});
const maxFile = 524_304;

const file: Read<FileRef> = shape(
  { blob: (v) => cid(v).text, key: bytes(32, 32), type: text(100), size: integer(0, maxFile) },
  { name: short, width: integer(0, 20_000), height: integer(0, 20_000), preview: bytes(0, 8_192) },
);

const ask: Read<AskBody> = shape(
  { lines: list(cartLine, 1, 100), country },
  { region: short, postcode: short, code: short, shipping: word },
);

// quote reads amounts, which are all in the quote's currency.
const quote: Read<Quote> = (v) => {
  const unit = currency(v instanceof Fields ? v.named.get("currency") : undefined);
  const amount: Read<Money> = (n) => ({ minor: integer()(n), currency: unit });
  const none: Money = { minor: 0, currency: unit };
  const choice: Read<ShippingChoice> = shape(
    { id: word, kind: word, name: or(short, ""), price: amount, taxRate: or(integer(), 0), tax: or(amount, none), days },
    {},
  );
  const line: Read<QuoteLine> = shape(
    {
      product: word, variant: word, offer: name, title: short, options: or(list(short, 0, 32), []), quantity: count, unit: amount, total: amount,
      discount: or(amount, none), taxClass: word, taxRate: integer(), tax: amount, digital: or(flag, false),
    },
    {},
  );
  return shape(
    {
      lines: list(line, 1, 100), goods: amount, options: or(list(choice, 0, 256), []), tax: amount, taxIncluded: flag, total: amount, currency, country,
      payments: list(payment, 0, 64), returns: or(returns, { days: 0, text: "" }), until: instant, digital: or(flag, false),
    },
    {
      discount: shape({ code: short, amount, freeShipping: or(flag, false) }, {}), shipping: choice, region: short, postcode: short, codeRefused: word,
    },
  )(v);
};

const days = or(shape({ min: or(count, 0), max: or(count, 0) }, {}), { min: 0, max: 0 });
const payment = shape({ id: word, kind: word, name: or(short, "") }, { instructions: long });
const returns = shape({ days: or(count, 0), text: or(text(20_000), "") }, {});

const callback = shape(
  { on: or(list(word, 0, 8), []) },
  { email: short, push: shape({ endpoint: text(2_000), p256dh: bytes(65, 65), auth: bytes(16, 16) }, {}), linkCert: bytes(1, 5_120), link: bytes(32, 32) },
);

const orderRef = shape({ order: name }, { reason: long });
const certs = shape({ certs: list(bytes(1, 5_120), 1, 2) }, {});

const readers: Record<string, Read<unknown>> = {
  text: shape({ text: text(4_000, 1) }, { about: text(256) }),
  photo: shape({ file }, { text: long }),
  card: shape({ product: word }, { variant: word, text: long }),
  "quote.ask": ask,
  quote: (v) => {
    const body = shape({ ask: name }, { quote, refused: word, text: long })(v);
    must(!body.quote !== !body.refused, "a quote and a refusal");
    return body;
  },
  order: shape(
    { quote: name, records: list(name, 1, 100), contact, method: word, maxTotal: money, until: instant },
    { address, billing: address, note: long },
  ),
  "order.number": shape({ order: name, number: integer(1) }, { instructions: long }),
  payment: shape({ order: name, amount: money }, { method: short, reference: short }),
  shipment: shape({ order: name, lines: list(part, 0, 100) }, { carrier: short, tracking: short, url: text(2_000) }),
  delivered: orderRef,
  delivery: shape({ order: name, line: count }, { code: long, file }),
  refund: shape({ order: name, amount: money }, { reason: long }),
  cancel: orderRef,
  expire: orderRef,
  return: shape({ order: name, lines: list(part, 1, 100), withdrawal: or(flag, false) }, { reason: long }),
  "return.answer": shape({ order: name, return: name, accepted: or(flag, false) }, { text: long }),
  "return.received": shape({ order: name, return: name, restock: or(flag, false) }, {}),
  callback,
  "dev.add": certs,
  "dev.del": shape({ device: bytes(32, 32) }, {}),
  rekey: shape({ prekey: name, enc: bytes() }, {}),
  "rekey.please": shape({}, {}),
  erase: shape({}, {}),
  erased: shape({}, {}),
};

const fromBoth: readonly string[] = ["text", "photo", "cancel"];
const fromShopper: readonly string[] = ["quote.ask", "order", "return", "callback", "dev.add", "dev.del", "rekey", "erase"];

// may says whether the side may write entries of the kind.
export const may = (kind: string, shopper: boolean): boolean =>
  Object.hasOwn(readers, kind) && (fromBoth.includes(kind) || fromShopper.includes(kind) === shopper);

// readBody reads a body of a kind; nothing for kinds of a newer version and for bodies
// that break a rule of theirs.
export function readBody(kind: string, encoded: Bytes): unknown {
  const read = Object.hasOwn(readers, kind) ? readers[kind] : undefined;
  try {
    return read?.(decode(encoded));
  } catch (error) {
    if (error instanceof Refused) return undefined;
    throw error;
  }
}

// plain reads a value as the file that a shopper takes away has it.
export function plain(v: Value): unknown {
  if (v instanceof CID) return v.text;
  if (v instanceof Fields) return Object.fromEntries([...v.named].map(([k, x]) => [k, plain(x)]));
  return Array.isArray(v) ? v.map(plain) : v;
}

const linkOf = (text: string): CID => CID.parse(text);

// writeFile and the like turn what pages hand over into what is signed.
export function writeFile({ blob, key, preview, ...rest }: FileRef): Tree {
  return { ...rest, blob: linkOf(blob), key: key as Bytes, preview: preview as Bytes | undefined };
}

export const writeMoney = ({ minor, currency }: Money): Tree => [minor, currency];
export const writeParts = (of: readonly { readonly line: number; readonly quantity: number }[]): Tree =>
  of.map(({ line, quantity }) => ({ line, quantity }));
