// A brand's identity: a log of operations that hang on one genesis (specs/
// 04-identity.md §3 to §6).
import type { CID } from "./cid";
import type { Operation } from "./operation";
import { refuse } from "./refused";

export interface Log {
  readonly brand: string;
  readonly tips: readonly Operation[];
  readonly contested: boolean;
  // The operation that says what the state of the brand is.
  readonly governing: Operation;
  // The governing operation and its ancestors: those that heads may name.
  readonly inForce: ReadonlyMap<string, Operation>;
}

// Place is where a head stands in the order of a brand's heads.
export interface Place {
  readonly epoch: number;
  readonly seq: number;
}

const maxOperations = 10_000;
const maxTips = 16;

// comparePlaces orders heads.
export function comparePlaces(a: Place, b: Place): number {
  return a.epoch - b.epoch || a.seq - b.seq;
}

// fold makes a log of operations whose signatures have been checked. Their order
// decides nothing, and one that comes twice changes nothing.
export function fold(brand: string, operations: readonly Operation[]): Log {
  const all = new Map(operations.map((op) => [op.id.text, op]));
  const known = [...all.values()];
  if (!all.has(brand)) refuse("missing", "a log without its genesis");
  for (const op of known) follows(op, brand, parentsOf(op, all));
  const tips = tipsOf(all);
  if (all.size > maxOperations || tips.length > maxTips) refuse("limit", "a log beyond its limits");
  const governing = govern(known, tips);
  return { brand, tips, contested: tips.length > 1, governing, inForce: ancestry(governing, all) };
}

function parentsOf(op: Operation, all: ReadonlyMap<string, Operation>): Operation[] {
  return op.parents.map((id) => all.get(id.text) ?? refuse("missing", "an operation that hangs on a missing one"));
}

// follows refuses an operation that may not come after its parents.
function follows(op: Operation, brand: string, parents: readonly Operation[]): void {
  if (!parents.length) {
    if (op.id.text !== brand) refuse("genesis", "the genesis of another brand");
    return;
  }
  if (parents.some((p) => op.n !== p.n + 1)) refuse("sequence", "n is not one more");
  if (parents.some((p) => op.signers.commitment !== p.next)) refuse("commitment", "signers that were not committed to");
  const top = Math.max(...parents.map((p) => p.epoch));
  if (op.epoch !== top && op.epoch !== top + 1) refuse("epoch", "an epoch that doesn't follow");
  if (op.epoch !== top) return;
  if (op.lastGood) refuse("epoch", "a last good head without a new epoch");
  for (const p of parents) if (p.epoch === top && p.online.some((key) => !has(op, key.hex))) refuse("removal", "a key is gone in the same epoch");
}

function has(op: Operation, key: string): boolean {
  return op.online.some((k) => k.hex === key);
}

function tipsOf(all: ReadonlyMap<string, Operation>): Operation[] {
  const tips = new Map(all);
  for (const op of all.values()) for (const parent of op.parents) tips.delete(parent.text);
  return [...tips.values()];
}

// govern finds the highest number, not above the lowest tip's, that one operation
// alone has. n falls by one with each step, so every way passes through it.
function govern(known: readonly Operation[], tips: readonly Operation[]): Operation {
  const lowest = Math.min(...tips.map((t) => t.n));
  const alone = new Map<number, Operation | undefined>();
  for (const op of known) alone.set(op.n, alone.has(op.n) ? undefined : op);
  for (let n = lowest; ; n--) {
    const op = alone.get(n);
    if (op) return op; // the genesis at the latest
  }
}

function ancestry(governing: Operation, all: ReadonlyMap<string, Operation>): Map<string, Operation> {
  const found = new Map([[governing.id.text, governing]]);
  for (const op of found.values()) for (const p of parentsOf(op, all)) found.set(p.id.text, p);
  return found;
}

// isDisputed says whether a key that signed a head was revoked and the head lies
// behind the last good one.
export function isDisputed(log: Log, key: string, place: Place, head: CID): boolean {
  return [...log.inForce.values()].some((op) => {
    const parents = parentsOf(op, log.inForce);
    const revokes = parents.every((p) => p.epoch < op.epoch) && parents.some((p) => has(p, key)) && !has(op, key);
    return revokes && place.epoch < op.epoch && !covers(op, place, head);
  });
}

function covers({ lastGood }: Operation, place: Place, head: CID): boolean {
  if (!lastGood) return false;
  const order = comparePlaces(place, lastGood);
  return order < 0 || (order === 0 && head.text === lastGood.head.text);
}
