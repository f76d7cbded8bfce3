// Proof bundles (specs/08-proof.md). The checks stand in the order of its §2, since
// the first rule that is broken gives the reason.
import { ascends, type Bytes, compare, equal } from "./bytes";
import { decode, Fields, type Value } from "./cbor";
import { CID } from "./cid";
import type { Verify } from "./ed25519";
import { datedAhead, type Head, parseHead, verifyHead } from "./head";
import { fold, type Log } from "./log";
import { type Operation, parseOperation, verifyOperation } from "./operation";
import { group, isPath } from "./path";
import { refuse, rename, within } from "./refused";
import { bytes, cid, closed, fields, integer, list, text, tuple } from "./shape";
import { parseSigned, type Signed } from "./signed";
import { absence, keyOf, type Leaf, leafOf, proof, showsGroup, showsNoGroup, showsNoRecord, showsRecord } from "./trie";

// Proven is what stands at a path: the bytes the brand published, and what they read
// as. Whether they mean something is for whoever shows them.
export interface Proven {
  readonly path: string;
  readonly cid: string;
  readonly bytes: Bytes;
  readonly value: Value;
}

// Checked is what a sound bundle shows.
export interface Checked {
  readonly log: Log;
  readonly head: Head;
  readonly scope: "record" | "group";
  readonly path: string;
  readonly records: readonly Proven[];
}

const maxBundle = 1_048_576;
const maxRecord = 65_536;

type Bundle = ReturnType<typeof form>;

const form = closed(
  { v: integer(1, 1), identity: list(bytes()), head: bytes(), scope: text, path: text, key: bytes() },
  { records: list(tuple(text, cid, bytes()), 1), proof, absence },
);

// checkBundle refuses whatever isn't a sound bundle of the brand, if one is expected,
// by the clock now in milliseconds.
export async function checkBundle(input: Bytes, brand: string | undefined, now: number, verify: Verify): Promise<Checked> {
  const bundle = parse(input);
  if (!isPath(bundle.path)) refuse("record-form", "a path outside the grammar");
  if (!equal(bundle.key, keyOf(bundle.path))) refuse("path-mismatch", "the key of another path");
  const operations = bundle.identity.map((op) => within("identity-form", () => parseSigned(op)));
  const signedHead = within("head-form", () => parseSigned(bundle.head));
  const log = await identity(operations, brand, verify);
  const head = within("head-form", () => parseHead(signedHead));
  await verifyHead(head, signedHead, log, verify);
  const ahead = datedAhead(head, now);
  if (ahead) refuse(`head-${ahead}`, "a head that is dated ahead");
  const scope = shape(bundle);
  const leaves: Leaf[] = [];
  const records = (bundle.records ?? []).map(([path, link, content]) => record(path, link, content, bundle, leaves));
  const missing = scope === "group" && isIncomplete(records);
  within(missing ? "group-incomplete" : "root-mismatch", () => leadsToRoot(bundle, leaves, head.root));
  return { log, head, scope, path: bundle.path, records };
}

const formReasons: Record<string, string> = { early: "truncated", trailing: "trailing-bytes" };

function parse(input: Bytes): Bundle {
  if (input.length > maxBundle) refuse("too-large", "a bundle of more than a mebibyte");
  return within((was) => (was === "version" ? was : (formReasons[was] ?? "cbor")), () => {
    const value = decode(input);
    if (integer()(fields(value).named.get("v") ?? 0) !== 1) refuse("version", "another version");
    return form(value);
  });
}

// identity checks the operations and makes a log of them.
async function identity(signed: readonly Signed[], brand: string | undefined, verify: Verify): Promise<Log> {
  const first = signed[0]?.id.text ?? refuse("identity-order", "no operation");
  if (brand !== undefined && first !== brand) refuse("brand-mismatch", "a bundle of another brand");
  for (const { signatures } of signed) {
    const inOrder = signatures.every((s, i) => i === 0 || signatures[i - 1]!.kid < s.kid);
    if (!inOrder) refuse("identity-form", "signatures out of order");
  }
  const operations: Operation[] = [];
  for (const one of signed) {
    const op = within("identity-form", () => parseOperation(one));
    await verifyOperation(op, one, verify).catch(rename("identity-signature"));
    operations.push(op);
  }
  const inOrder = operations.every((op, i) => i === 0 || compareOperations(operations[i - 1]!, op) < 0);
  if (!inOrder) refuse("identity-order", "operations out of order");
  return within(logReason, () => fold(first, operations));
}

function logReason(was: string): string {
  return was === "missing" ? "identity-order" : was === "limit" ? "too-large" : "identity-form";
}

function compareOperations(a: Operation, b: Operation): number {
  return a.n - b.n || compare(a.id.bytes, b.id.bytes);
}

// shape checks that the parts fit together.
function shape({ scope, path, proof, absence, records }: Bundle): "record" | "group" {
  if (scope !== "record" && scope !== "group") return refuse("proof-form", "an unknown scope");
  if (scope === "group" && group(path) !== path) refuse("path-mismatch", "not the name of a group");
  if (!proof === !absence || (absence && records)) refuse("proof-form", "parts that don't fit together");
  if (proof && scope === "record" && records?.length !== 1) refuse("proof-form", "not one record");
  if (proof && !records) refuse("group-incomplete", "nothing is shown");
  return scope;
}

// record checks one record and appends its leaf to those before it.
function record(path: string, link: CID, content: Bytes, bundle: Bundle, leaves: Leaf[]): Proven {
  if (CID.of(content).text !== link.text) refuse("record-hash", "not what its link names");
  if (!isPath(path) || content.length > maxRecord) refuse("record-form", "no record");
  const value = within("record-form", () => decode(content));
  const belongs = bundle.scope === "group" ? group(path) === bundle.path : path === bundle.path;
  if (!belongs) refuse("path-mismatch", "a record of another path");
  leaves.push(leafOf(path, link));
  if (!ascends(leaves.slice(-2), (leaf) => leaf.key)) refuse("record-order", "records out of order");
  return { path, cid: link.text, bytes: content, value };
}

function leadsToRoot({ scope, path, proof, absence }: Bundle, leaves: readonly Leaf[], root: Bytes): void {
  if (absence) return scope === "group" ? showsNoGroup(absence, path, root) : showsNoRecord(absence, path, root);
  return scope === "group" ? showsGroup(proof!, leaves, path, root) : showsRecord(proof!, leaves[0]!, root);
}

// isIncomplete says whether records of a group give away that some of it is missing:
// offers without their product, or a product with a variant that has no offer.
function isIncomplete(records: readonly Proven[]): boolean {
  const of = (kind: string) => records.filter((r) => r.path.startsWith(kind));
  const offered = new Set(of("offer/").map((r) => r.path.split("/")[2]));
  const products = of("product/");
  if (!products.length) return offered.size > 0;
  return products.some((r) => variantIDs(r.value).some((id) => !offered.has(id)));
}

// variantIDs reads the identifiers of a product's variants, of those that have one.
export function variantIDs(product: Value): string[] {
  const variants = product instanceof Fields ? product.named.get("variants") : undefined;
  if (!Array.isArray(variants)) return [];
  const ids = variants.map((v) => (v instanceof Fields ? v.named.get("id") : undefined));
  return ids.filter((id) => typeof id === "string");
}
