// The bodies of entries (specs/17-bodies.md), read into plain objects: links as text,
// amounts with their currency, nothing that isn't of the kind. Unknown fields are
// ignored, null is the same as absent.
import type { Bytes } from "../verify/bytes";
import { decode, Fields } from "../verify/cbor";
import { CID } from "../verify/cid";
import { Refused, refuse } from "../verify/refused";
import { bytes, cid, integer, link, list, match, must, type Read, tuple } from "../verify/shape";
import type { Tree } from "./crypto/cbor";
import { encSize } from "./crypto/hpke";
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

// words reads text of at most so many characters, none of which controls or turns the
// text around it.
const words =
  (max: number, wrong: RegExp): Read<string> =>
  (v) => {
    const t = typeof v === "string" ? v : refuse("type", "not text");
    must([...t].length <= max && !wrong.test(t), "text of another form");
    return t;
  };

const line = words(200, /[\p{Cc}\u202a-\u202e\u2066-\u2069]/u);
const inProse = /[^\P{Cc}\n\r\t]/u;
const prose = words(4_000, inProse);
const said: Read<string> = (v) => {
  const t = prose(v);
  must(t.trim() !== "", "blank text");
  return t;
};
const long = prose;
const handle = match(/^[a-z0-9._-]{1,100}$/);
const variant = match(/^[A-Za-z0-9._-]{1,100}$/);
const word = match(/^[a-z_]{1,32}$/);
const url =
  (schemes: RegExp): Read<string> =>
  (v) => {
    const t = words(2_000, /\p{Cc}/u)(v);
    must(schemes.test(t) && isPlain(t), "not such a URL");
    return t;
  };

function isPlain(t: string): boolean {
  try {
    const { host, username, password } = new URL(t);
    return host !== "" && username === "" && password === "";
  } catch {
    return false;
  }
}

const https = url(/^https:\/\//);
const email = match(/^[^\s@<>",;:]{1,64}@[^\s@<>",;:]{1,189}$/);
const flag: Read<boolean> = (v) => (typeof v === "boolean" ? v : refuse("type", "not a flag"));
const name: Read<string> = (v) => link(v).text;
const count = integer(0, 100_000);
const instant = integer(0, 253_402_300_799_999);
const currency = match(/^[A-Z]{3}$/);
const country = match(/^[A-Z]{2}$/);
const money: Read<Money> = (v) => {
  const [minor, code] = tuple(integer(), currency)(v);
  return { minor, currency: code };
};

const contact: Read<Contact> = shape({ name: line }, { email, phone: line });
const address: Read<Address> = shape(
  { street: line, city: line, country },
  { name: line, company: line, extra: line, region: line, postcode: line },
);
const lineNumber = integer(0, 99);
const parts = list(shape({ line: lineNumber, quantity: integer(1, 100_000) }, {}), 1, 100);
const cartLine = shape({ product: handle, variant, quantity: (v) => integer(-Number.MAX_SAFE_INTEGER)(v) }, {});
const maxFile = 524_288;
const amountDue: Read<Money> = (v) => {
  const m = money(v);
  must(m.minor > 0, "no amount above 0");
  return m;
};
const rawName: Read<string> = (v) => {
  const c = cid(v);
  must(!c.isDagCBOR, "a link to an object");
  return c.text;
};

const file: Read<FileRef> = shape(
  { blob: rawName, key: bytes(32, 32), type: words(100, /^$|\p{Cc}/u), size: integer(1, maxFile) },
  { name: line, width: integer(0, 20_000), height: integer(0, 20_000), preview: bytes(0, 8_192) },
);

const ask: Read<AskBody> = shape(
  { lines: list(cartLine, 1, 100), country },
  { region: line, postcode: line, code: line, shipping: line },
);

// quote reads amounts, which are all in the quote's currency.
const quote: Read<Quote> = (v) => {
  const unit = currency(v instanceof Fields ? v.named.get("currency") : undefined);
  const amount: Read<Money> = (n) => ({ minor: integer()(n), currency: unit });
  const none: Money = { minor: 0, currency: unit };
  const choice: Read<ShippingChoice> = shape(
    { id: line, kind: line, name: or(line, ""), price: amount, taxRate: or(integer(), 0), tax: or(amount, none), days },
    {},
  );
  const goods: Read<QuoteLine> = shape(
    {
      product: handle, variant, offer: name, title: long, options: or(list(long, 0, 32), []), quantity: count, unit: amount, total: amount,
      discount: or(amount, none), taxClass: line, taxRate: integer(), tax: amount, digital: or(flag, false),
    },
    {},
  );
  return shape(
    {
      lines: list(goods, 1, 100), goods: amount, options: or(list(choice, 0, 256), []), tax: amount, taxIncluded: flag, total: amount, currency, country,
      payments: list(payment, 0, 64), returns: or(returns, { days: 0, text: "" }), until: instant, digital: or(flag, false),
    },
    {
      discount: shape({ code: line, amount, freeShipping: or(flag, false) }, {}), shipping: choice, region: line, postcode: line, codeRefused: line,
    },
  )(v);
};

const days = or(shape({ min: or(count, 0), max: or(count, 0) }, {}), { min: 0, max: 0 });
const payment = shape({ id: line, kind: line, name: or(line, "") }, { instructions: long });
const returns = shape({ days: or(count, 0), text: or(words(20_000, inProse), "") }, {});

const callbackForm = shape(
  { on: or(list(match(/^(?:commit|reply|shipment)$/), 0, 3), []) },
  {
    email, push: shape({ endpoint: https, p256dh: bytes(65, 65), auth: bytes(16, 16) }, {}),
    linkCert: bytes(1, 5_120), link: bytes(32, 32), gateway: url(/^https?:\/\//),
  },
);
const callback: Read<unknown> = (v) => {
  const c = callbackForm(v);
  must((c.email !== undefined || c.push !== undefined) === c.on.length > 0, "how without when, or when without how");
  must(!c.link === !c.linkCert, "a link without its certificate");
  return c;
};
const delivery: Read<unknown> = (v) => {
  const d = shape({ order: name, line: lineNumber }, { code: prose, file })(v);
  must(!d.code !== !d.file, "neither a code nor a file, or both");
  return d;
};

const orderRef = shape({ order: name }, { reason: prose });
const certs = shape({ certs: list(bytes(1, 5_120), 1, 2) }, {});

const readers: Record<string, Read<unknown>> = {
  text: shape({ text: said }, { about: handle }),
  photo: shape({ file }, { text: prose }),
  card: shape({ product: handle }, { variant, text: prose }),
  "quote.ask": ask,
  quote: (v) => {
    const body = shape({ ask: name }, { quote, refused: word, text: prose })(v);
    must(!body.quote !== !body.refused, "a quote and a refusal");
    return body;
  },
  order: shape(
    { quote: name, records: list(name, 1, 100), contact, method: line, maxTotal: money, until: instant },
    { address, billing: address, note: prose },
  ),
  "order.number": shape({ order: name, number: integer(1) }, { instructions: prose }),
  payment: shape({ order: name, amount: amountDue }, { method: line, reference: line }),
  shipment: shape({ order: name, lines: parts }, { carrier: line, tracking: line, url: https }),
  delivered: orderRef,
  delivery,
  refund: shape({ order: name, amount: amountDue }, { reason: prose }),
  cancel: orderRef,
  expire: orderRef,
  return: shape({ order: name, lines: parts, withdrawal: or(flag, false) }, { reason: prose }),
  "return.answer": shape({ order: name, return: name, accepted: or(flag, false) }, { text: prose }),
  "return.received": shape({ order: name, return: name, restock: or(flag, false) }, {}),
  callback,
  "dev.add": certs,
  "dev.del": shape({ device: bytes(32, 32) }, {}),
  rekey: shape({ prekey: name, enc: bytes(encSize, encSize) }, {}),
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

// readQuote reads a quote by itself.
export const readQuote = (encoded: Bytes): Quote => quote(decode(encoded));

const linkOf = (text: string): CID => CID.parse(text);

// writeFile and the like turn what pages hand over into what is signed.
export function writeFile({ blob, key, preview, ...rest }: FileRef): Tree {
  return { ...rest, blob: linkOf(blob), key: key as Bytes, preview: preview as Bytes | undefined };
}

export const writeMoney = ({ minor, currency }: Money): Tree => [minor, currency];
export const writeParts = (of: readonly { readonly line: number; readonly quantity: number }[]): Tree =>
  of.map(({ line, quantity }) => ({ line, quantity }));
