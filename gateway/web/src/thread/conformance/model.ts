// Two browsers of one shopper over a line that drops, repeats and reorders: in the end
// they and the brand hold the same. Or one browser, and a brand that goes back to
// backups: what one device says can't speak for another that has seen more.
import { Book } from "../book";
import { clockOf } from "../clock";
import { Api, Failed } from "../api";
import { Courier } from "../courier";
import { anyVerify } from "../crypto/sign";
import { memoryKeep } from "../keep";
import { encode, type Tree } from "../crypto/cbor";
import { decode, Fields } from "../../verify/cbor";
import type { Bytes } from "../../verify/bytes";
import { identityOf, seedOf } from "../keys";
import { openVault } from "../vault";
import { itemsOf } from "../view";
import { write } from "../write";
import { Brand } from "./brand";

interface Told {
  readonly texts: readonly (readonly string[])[]; // as each browser shows them, the brand's chain last
  readonly trouble: readonly string[];
  readonly steps: number;
  readonly faults: number;
}

// model says some things at random and returns what everybody holds afterwards.
export async function model(seed: number, count: number, restores: boolean): Promise<Told> {
  let state = seed;
  const roll = (n: number): number => Math.floor(((state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32) * n);
  const brand = await Brand.found();
  const line = { broken: true, faults: 0 };
  const fetch = faulty(brand, roll, line);
  const code = new Uint8Array(16).fill(seed);
  const identity = identityOf(seedOf(code), brand.id);
  let time = Date.now();
  const now = () => (time += 2_000);
  const browsers = [await open(brand, fetch, now), await open(brand, fetch, now)] as const;
  const [first, second] = browsers;
  await persist(() => first.courier.create(identity));
  let [said, steps] = [0, 0];
  for (let turn = 0; turn < 40 * count && said < count; turn++) {
    const b = browsers[restores ? 0 : roll(2)]!;
    if (!b.book.page) {
      const thread = await persist(() => b.courier.find(identity));
      if (thread) await persist(() => b.courier.enter({ kind: "i", seed: identity, thread }));
      else steps += await go(first);
    } else if (roll(3) === 0) {
      const text = `${said++} by ${b === first ? "the first" : "the second"}`;
      await b.book.change((page) => write(b.tools, page, [{ kind: "text", body: { text } }]));
    } else if (restores && roll(12) === 0) brand.backup();
    else if (restores && roll(14) === 0 && brand.chainOf(b.book.page.row.thread)) brand.restore();
    else if (roll(20) === 0) await b.book.change(async () => ({ edit: { row: { epochTime: 0 } }, result: undefined })); // a rekey is due
    else {
      b.courier.pull();
      steps += await go(b);
    }
  }
  line.broken = false;
  steps += await go(first);
  const thread = second.book.page ? undefined : await second.courier.find(identity);
  if (thread) await second.courier.enter({ kind: "i", seed: identity, thread });
  for (let round = 0; round < 60; round++) for (const b of browsers) (b.courier.pull(), (steps += await go(b)));
  const shown = browsers.map(({ book: { page } }) => itemsOf(page!, new Map()).filter((i) => i.kind === "text" && i.state === "committed").map((i) => i.body.text as string));
  const trouble = browsers.flatMap(({ book: { page }, courier }) => [page?.row.trouble, courier.standing.trouble].filter((t) => t !== undefined));
  return { texts: [...shown, [String(brand.chainOf(first.book.page!.row.thread)?.seq), String(first.book.page?.row.chain.seq), String(second.book.page?.row.chain.seq)]], trouble, steps, faults: line.faults };
}

async function open(brand: Brand, fetch: typeof globalThis.fetch, now: () => number) {
  const keep = memoryKeep();
  const tools = { keep, vault: await openVault(keep), api: new Api(fetch), verify: anyVerify(), clock: clockOf(now) };
  const book = new Book(tools, brand.id.text);
  const courier = new Courier(book, { brand: brand.id.text, direct: true, home: brand.id.text, base: "" });
  return { tools, book, courier };
}

// go takes steps until there is nothing to do or something failed.
async function go({ courier }: { courier: Courier }): Promise<number> {
  let steps = 0;
  try {
    while (steps++ < 50 && (await courier.step()));
  } catch (error) {
    if (!(error instanceof Failed)) throw error;
  }
  return steps;
}

async function persist<T>(run: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await run();
    } catch (error) {
      if (!(error instanceof Failed)) throw error;
    }
  }
}

// faulty is a line to the brand that loses questions and answers, asks twice, and
// mixes up or damages what comes down.
function faulty(brand: Brand, roll: (n: number) => number, line: { broken: boolean; faults: number }): typeof globalThis.fetch {
  const happens = (outOf: number): boolean => line.broken && roll(outOf) === 0 && !!++line.faults;
  return (async (path: string, init?: RequestInit) => {
    if (happens(6)) throw new TypeError("lost on the way");
    if (happens(8)) await brand.fetch(path, init);
    const response = await brand.fetch(path, init);
    if (happens(6)) throw new TypeError("lost on the way back");
    const body = new Uint8Array(await response.arrayBuffer());
    return new Response(happens(5) ? mixed(body, roll) : body, { status: response.status });
  }) as typeof globalThis.fetch;
}

function mixed(body: Bytes, roll: (n: number) => number): Bytes {
  const value = body.length && body[0]! >> 5 === 5 ? decode(body) : undefined;
  const envelopes = value instanceof Fields ? value.named.get("envelopes") : undefined;
  if (!(value instanceof Fields) || !Array.isArray(envelopes)) return body;
  const all = (envelopes as Fields[]).map((e) => ({ n: e.named.get("n") as number, bytes: (e.named.get("bytes") as Bytes).slice() }));
  for (const [i, e] of all.entries()) all.splice(roll(all.length), 0, ...all.splice(i, 1, e).slice(1));
  all.reverse();
  const hit = all[roll(all.length || 1)];
  if (hit && roll(2)) hit.bytes[hit.bytes.length - 1 - roll(900)]! ^= 1;
  else all.splice(roll(all.length || 1), 1);
  const rest = Object.fromEntries([...value.named].map(([k, v]) => [k, treeOf(v)]));
  return encode({ ...rest, envelopes: all });
}

function treeOf(v: unknown): Tree {
  if (v instanceof Fields) return Object.fromEntries([...v.named].map(([k, x]) => [k, treeOf(x)]));
  return Array.isArray(v) ? v.map(treeOf) : (v as Tree);
}
