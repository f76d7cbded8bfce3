// The Merkle crit-bit trie and what its proofs show (specs/05-trie.md).
import { ascends, type Bytes, compare, concat, equal, utf8 } from "./bytes";
import type { CID } from "./cid";
import { emptyRoot } from "./head";
import { group, isPath } from "./path";
import { refuse } from "./refused";
import { sha256 } from "./sha256";
import { bytes, cid, list, must, type Read, text, tuple } from "./shape";

export interface Leaf {
  readonly key: Bytes;
  readonly path: string;
  readonly record: CID;
}

// Proof is a way up: the crit-bits passed, and for each the hash beside it.
export interface Proof {
  readonly bits: Bytes;
  readonly siblings: Bytes;
}

export interface Absence {
  readonly proof: Proof;
  readonly leaves: readonly Leaf[];
}

const half = 16;
const maxGroup = 4_096;

export function keyOf(path: string): Bytes {
  const first = (name: string) => sha256(utf8.encode(name)).subarray(0, half);
  return concat(first(group(path)), first(path));
}

export function leafOf(path: string, record: CID): Leaf {
  return { key: keyOf(path), path, record };
}

export function leafHash({ key, path, record }: Leaf): Bytes {
  const size = new Uint8Array([path.length >> 8, path.length]);
  return sha256(concat(new Uint8Array(1), key, size, utf8.encode(path), record.bytes));
}

function node(bit: number, left: Bytes, right: Bytes): Bytes {
  return sha256(concat(new Uint8Array([1, bit]), left, right));
}

const bitOf = (key: Bytes, bit: number): number => (key[bit >> 3]! >> (7 - (bit & 7))) & 1;

// crit returns the first bit in which two keys differ.
function crit(a: Bytes, b: Bytes): number {
  const at = a.findIndex((byte, i) => byte !== b[i]);
  return at * 8 + Math.clz32(a[at]! ^ b[at]!) - 24;
}

// rootOf returns the hash of the subtree of leaves in ascending order (§3.5).
export function rootOf(leaves: readonly Leaf[]): Bytes {
  if (!ascends([...leaves], (leaf) => leaf.key)) refuse("order", "leaves out of order");
  let current = emptyRoot;
  const left: { bit: number; hash: Bytes }[] = [];
  const join = (bit: number): void => {
    while (left.length && left.at(-1)!.bit > bit) {
      const top = left.pop()!;
      current = node(top.bit, top.hash, current);
    }
  };
  leaves.forEach((leaf, i) => {
    if (i > 0) {
      const bit = crit(leaves[i - 1]!.key, leaf.key);
      join(bit);
      left.push({ bit, hash: current });
    }
    current = leafHash(leaf);
  });
  join(-1);
  return current;
}

const proofForm = tuple(bytes(0, 32), bytes());
const absenceForm = tuple((v) => proof(v), list(tuple(text, cid), 0, maxGroup));

export const proof: Read<Proof> = (v) => {
  const [bits, siblings] = proofForm(v);
  must(bits.at(-1) !== 0, "a way that ends in a zero byte");
  must(siblings.length === 32 * critBits(bits).length, "hashes that don't fit the way");
  return { bits, siblings };
};

export const absence: Read<Absence> = (v) => {
  const [proof, leaves] = absenceForm(v);
  must(leaves.every(([path]) => isPath(path)), "a leaf at no path");
  return { proof, leaves: leaves.map(([path, record]) => leafOf(path, record)) };
};

function critBits(bits: Bytes): number[] {
  const set: number[] = [];
  for (let bit = 0; bit < 8 * bits.length; bit++) if (bitOf(bits, bit)) set.push(bit);
  return set;
}

// leads refuses a proof that leads from a subtree to another root.
export function leads({ bits, siblings }: Proof, key: Bytes, below: Bytes, root: Bytes): void {
  const set = critBits(bits);
  let hash = below;
  for (let i = set.length - 1; i >= 0; i--) {
    const sibling = siblings.subarray(32 * i, 32 * i + 32);
    hash = bitOf(key, set[i]!) ? node(set[i]!, sibling, hash) : node(set[i]!, hash, sibling);
  }
  if (!equal(hash, root)) refuse("root", "a proof that leads to another root");
}

// showsRecord refuses unless the record stands at its path (§6.3).
export function showsRecord(way: Proof, leaf: Leaf, root: Bytes): void {
  if (!isPath(leaf.path)) refuse("path", "a path outside the grammar");
  leads(way, leaf.key, leafHash(leaf), root);
}

// showsGroup refuses unless the leaves are all of the group of a path (§6.4).
export function showsGroup(way: Proof, leaves: readonly Leaf[], path: string, root: Bytes): void {
  if (leaves.length < 1 || leaves.length > maxGroup) refuse("count", "a wrong number of leaves");
  const below = rootOf(leaves);
  if (leaves.some((leaf) => !isPath(leaf.path) || group(leaf.path) !== group(path))) refuse("group", "a leaf of another group");
  outside(way);
  leads(way, leaves[0]!.key, below, root);
}

// showsNoRecord refuses unless nothing stands at the path (§7.3).
export function showsNoRecord({ proof, leaves }: Absence, path: string, root: Bytes): void {
  if (!leaves.length) return showsEmpty(proof, root);
  const key = keyOf(path);
  const leaf = leaves[0]!;
  if (leaves.length > 1) refuse("count", "more than one leaf");
  if (equal(leaf.key, key)) refuse("present", "what is there is said to be absent");
  beside(proof, leaf.key, key);
  leads(proof, leaf.key, leafHash(leaf), root);
}

// showsNoGroup refuses unless nothing of the path's group is there (§7.4).
export function showsNoGroup({ proof, leaves }: Absence, path: string, root: Bytes): void {
  if (!leaves.length) return showsEmpty(proof, root);
  const key = keyOf(path);
  const other = leaves[0]!.key;
  if (leaves.length > maxGroup) refuse("count", "too many leaves");
  const below = rootOf(leaves);
  if (leaves.some((leaf) => compareGroups(leaf.key, other))) refuse("group", "leaves of two groups");
  if (!compareGroups(other, key)) refuse("present", "a group that is there is said to be absent");
  outside(proof);
  beside(proof, other, key);
  leads(proof, other, below, root);
}

const compareGroups = (a: Bytes, b: Bytes): number => compare(a.subarray(0, half), b.subarray(0, half));

function showsEmpty({ bits }: Proof, root: Bytes): void {
  if (bits.length || !equal(root, emptyRoot)) refuse("empty", "an absence without leaves");
}

// outside refuses a way that ends inside a group.
function outside({ bits }: Proof): void {
  if (bits.length > half) refuse("inside", "a way that ends inside a group");
}

// beside refuses a way to a leaf that a key's own bits don't lead to.
function beside({ bits }: Proof, leaf: Bytes, key: Bytes): void {
  if (critBits(bits).some((bit) => bitOf(leaf, bit) !== bitOf(key, bit))) refuse("side", "a leaf beside the way");
}
