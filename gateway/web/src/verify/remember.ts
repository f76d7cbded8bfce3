// What this browser remembers of brands: the highest head it has seen of each, so
// that a page made of an older catalog, or of another at the same place, is noticed
// (specs/07-head.md §3, §4).
import { endsContest, freshness, type Seen } from "./head";
import type { Shown } from "./index";

// Kept is what is kept of a brand.
export interface Kept extends Seen {
  readonly time: number;
  // Other heads that were seen at this place: the brand is in contest.
  readonly rivals: readonly string[];
}

// Verdict compares a head with what was seen before:
// first: the first of this brand. same: the one seen last. newer: a later one, now kept.
// older: a rollback, or a page that is late. differs: another head at the same place.
// contested: a later one that doesn't settle that two were seen at one place.
// superseded: of an epoch that the brand has left, so it is no news.
export type Verdict = "first" | "same" | "newer" | "older" | "differs" | "contested" | "superseded";

export interface Judgement {
  readonly verdict: Verdict;
  // What to keep from now on; undefined while nothing is.
  readonly kept: Kept | undefined;
}

// A contest of more heads than one head can heal keeps those it saw first.
const maxRivals = 7;

// judge compares what was shown with what is kept of the brand. It is pure.
export function judge({ head, superseded }: Pick<Shown, "head" | "superseded">, kept: Kept | undefined): Judgement {
  const order = freshness(head, kept, head.time); // the clock was asked before
  if (order === "same") return { verdict: kept!.rivals.length ? "contested" : "same", kept };
  if (order === "conflicting") return { verdict: "differs", kept: withRival(kept!, head.cid) };
  if (order !== "newer") return { verdict: "older", kept };
  if (superseded) return { verdict: "superseded", kept };
  if (kept && !kept.rivals.every((rival) => endsContest(head, kept, rival))) return { verdict: "contested", kept };
  const { epoch, seq, cid, time } = head;
  return { verdict: kept ? "newer" : "first", kept: { epoch, seq, cid, time, rivals: [] } };
}

function withRival(kept: Kept, cid: string): Kept {
  if (kept.rivals.includes(cid) || kept.rivals.length >= maxRivals) return kept;
  return { ...kept, rivals: [...kept.rivals, cid] };
}

// Memory keeps a short text for each brand. Either may throw, which loses no more
// than the memory.
export interface Memory {
  get(brand: string): string | null;
  set(brand: string, text: string): void;
}

export interface Remembered extends Judgement {
  // What was kept before.
  readonly before: Kept | undefined;
  // Whether the memory works: without it every head is the first.
  readonly durable: boolean;
}

// remember judges what was shown and keeps what is to be kept before it returns.
export function remember(shown: Pick<Shown, "brand" | "head" | "superseded">, memory: Memory): Remembered {
  let before: Kept | undefined;
  let judgement = judge(shown, before);
  try {
    before = parse(memory.get(shown.brand));
    judgement = judge(shown, before);
    if (judgement.kept !== before) memory.set(shown.brand, JSON.stringify(judgement.kept));
    return { ...judgement, before, durable: true };
  } catch {
    return { ...judgement, before, durable: false };
  }
}

// parse reads what was kept; damaged memory is no memory.
function parse(text: string | null): Kept | undefined {
  try {
    const kept = JSON.parse(text ?? "null") as Kept | null;
    const numbers = [kept?.epoch, kept?.seq, kept?.time].every((n) => Number.isSafeInteger(n));
    return kept && numbers && typeof kept.cid === "string" && Array.isArray(kept.rivals) ? kept : undefined;
  } catch {
    return undefined;
  }
}

// localMemory keeps heads in the browser's storage of this origin. All tabs share it.
export function localMemory(storage: () => Storage = () => localStorage): Memory {
  const name = (brand: string): string => `stoa.seen.${brand}`;
  return {
    get: (brand) => storage().getItem(name(brand)),
    set: (brand, text) => storage().setItem(name(brand), text),
  };
}
