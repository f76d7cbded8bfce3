// What cards show of products: read from the records that the brand signed, checked in
// this browser, never from what a message says of them.
import { type Offer, offers, type Proven, verifyBundle } from "../verify";
import { Fields, type Value } from "../verify/cbor";
import { CID } from "../verify/cid";
import { data } from "./words";

export interface GoodsVariant {
  readonly id: string;
  readonly options: readonly string[];
  readonly picture?: string; // address
  readonly offer?: Offer;
}

export interface Goods {
  readonly handle: string;
  readonly title: string;
  readonly url: string;
  readonly variants: readonly GoodsVariant[];
  readonly pictures: readonly string[];
  // Whether what was signed may be out of date, or is in dispute.
  readonly doubt: boolean;
}

const known = new Map<string, Promise<Goods | undefined>>();
const fresh = 60_000;

// goods returns a product of the brand, or nothing when it isn't there or isn't proven.
export function goods(handle: string): Promise<Goods | undefined> {
  const there = known.get(handle);
  if (there) return there;
  const asked = load(handle);
  known.set(handle, asked);
  void asked.then((g) => setTimeout(() => known.delete(handle), g ? fresh : 5_000));
  return asked;
}

async function load(handle: string): Promise<Goods | undefined> {
  try {
    const answer = await fetch(`/proof/${data.brand}/product/${encodeURIComponent(handle)}`, { cache: "no-cache" });
    if (!answer.ok) return undefined;
    const shown = await verifyBundle(new Uint8Array(await answer.arrayBuffer()), { brand: data.brand, now: Date.now() });
    if (shown.ok !== true || shown.path !== `product/${handle}`) return undefined;
    const record = shown.records.find((r) => r.path === shown.path);
    return record && read(handle, record, offers(shown), shown.expired || shown.contested || shown.superseded);
  } catch {
    return undefined;
  }
}

function read(handle: string, { value }: Proven, offered: readonly Offer[], doubt: boolean): Goods | undefined {
  const title = field(value, "title");
  if (typeof title !== "string") return undefined;
  const pictures = list(field(value, "media")).map((m) => picture(field(m, "blob")));
  const variants = list(field(value, "variants")).flatMap((v): GoodsVariant[] => {
    const [id, media] = [field(v, "id"), field(v, "media")];
    if (typeof id !== "string") return [];
    const options = list(field(v, "options")).filter((o) => typeof o === "string");
    const own = pictures[(typeof media === "number" && media > 0 ? media : 1) - 1];
    const offer = offered.find((o) => o.variant === id);
    return [{ id, options, ...(own && { picture: own }), ...(offer && { offer }) }];
  });
  return { handle, title, url: `${data.base}/p/${handle}`, variants, pictures: pictures.filter((p) => p !== ""), doubt };
}

const field = (v: Value | undefined, name: string): Value | undefined => (v instanceof Fields ? v.named.get(name) : undefined);
const list = (v: Value | undefined): Value[] => (Array.isArray(v) ? v : []);
const picture = (blob: Value | undefined): string => (blob instanceof CID ? `${data.base}/m/${blob.text}/320.jpg` : "");

// variantOf is the variant of that name, or the first that can be bought.
export function variantOf(g: Goods, id?: string): GoodsVariant | undefined {
  return g.variants.find((v) => v.id === id) ?? g.variants.find((v) => v.offer?.buyable) ?? g.variants[0];
}
