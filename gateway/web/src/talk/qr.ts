// QR codes (ISO/IEC 18004), byte mode, error correction level M, versions 1 to 15: up to
// 412 bytes, which a link needs far less than.
import { vector } from "./dom";

// For each version: codewords of correction in a block, and how many blocks, at level M
// (table 9 of the standard).
const correction = [10, 16, 26, 18, 24, 16, 18, 22, 22, 26, 30, 22, 22, 24, 24];
const blocks = [1, 1, 1, 2, 2, 4, 4, 4, 5, 5, 5, 8, 9, 9, 10];

type Grid = boolean[][];

// modules returns the dark squares of the code for text, row by row.
export function modules(text: string): Grid {
  const bytes = new TextEncoder().encode(text);
  const version = correction.findIndex((_, v) => 8 * room(v + 1) >= 4 + lengthBits(v + 1) + 8 * bytes.length) + 1;
  if (version === 0) throw new RangeError("too long for a code");
  const size = 17 + 4 * version;
  const grid: Grid = Array.from({ length: size }, () => Array<boolean>(size).fill(false));
  const fixed: Grid = grid.map((row) => row.map(() => false));
  patterns(grid, fixed, version);
  lay(grid, fixed, interleave(encode(bytes, version), version));
  return best(grid, fixed);
}

// total is how many codewords a version has, room how many of them are for data.
function total(version: number): number {
  const aligned = version === 1 ? 0 : Math.floor(version / 7) + 2;
  const squares = (16 * version + 128) * version + 64 - (aligned ? (25 * aligned - 10) * aligned - 55 : 0) - (version >= 7 ? 36 : 0);
  return Math.floor(squares / 8);
}
const room = (version: number): number => total(version) - correction[version - 1]! * blocks[version - 1]!;
const lengthBits = (version: number): number => (version < 10 ? 8 : 16);

function encode(bytes: Uint8Array, version: number): number[] {
  const bits: number[] = [];
  const put = (value: number, n: number): void => {
    for (let i = n - 1; i >= 0; i--) bits.push((value >>> i) & 1);
  };
  put(4, 4);
  put(bytes.length, lengthBits(version));
  for (const b of bytes) put(b, 8);
  const capacity = 8 * room(version);
  put(0, Math.min(4, capacity - bits.length));
  put(0, (8 - (bits.length % 8)) % 8);
  for (let pad = 0xec; bits.length < capacity; pad ^= 0xec ^ 0x11) put(pad, 8);
  const words: number[] = [];
  for (let i = 0; i < bits.length; i += 8) words.push(bits.slice(i, i + 8).reduce((sum, b) => 2 * sum + b, 0));
  return words;
}

// interleave splits the words into blocks, adds each one's correction, and deals them out.
function interleave(words: readonly number[], version: number): number[] {
  const [n, extra] = [blocks[version - 1]!, correction[version - 1]!];
  const short = Math.floor(words.length / n);
  const long = words.length % n; // so many of the last blocks have one more
  const generator = divisor(extra);
  const data: number[][] = [];
  let at = 0;
  for (let i = 0; i < n; i++) data.push(words.slice(at, (at += short + (i >= n - long ? 1 : 0))));
  const checks = data.map((block) => remainder(block, generator));
  const out: number[] = [];
  for (let i = 0; i <= short; i++) for (const block of data) if (i < block.length) out.push(block[i]!);
  for (let i = 0; i < extra; i++) for (const check of checks) out.push(check[i]!);
  return out;
}

// times multiplies in the field of 256 elements with the polynomial 0x11d.
function times(a: number, b: number): number {
  let product = 0;
  for (let i = 7; i >= 0; i--) product = (product << 1) ^ ((product >>> 7) * 0x11d) ^ (((b >>> i) & 1) * a);
  return product;
}

function divisor(degree: number): number[] {
  const out = Array<number>(degree).fill(0);
  out[degree - 1] = 1;
  for (let i = 0, root = 1; i < degree; i++, root = times(root, 2)) {
    for (let j = 0; j < degree; j++) out[j] = times(out[j]!, root) ^ (out[j + 1] ?? 0);
  }
  return out;
}

function remainder(words: readonly number[], generator: readonly number[]): number[] {
  const out = generator.map(() => 0);
  for (const w of words) {
    const factor = w ^ out.shift()!;
    out.push(0);
    generator.forEach((g, i) => (out[i]! ^= times(g, factor)));
  }
  return out;
}

function patterns(grid: Grid, fixed: Grid, version: number): void {
  const size = grid.length;
  const set = (x: number, y: number, dark: boolean): void => {
    if (x < 0 || y < 0 || x >= size || y >= size) return;
    grid[y]![x] = dark;
    fixed[y]![x] = true;
  };
  for (let i = 0; i < size; i++) {
    set(6, i, i % 2 === 0);
    set(i, 6, i % 2 === 0);
  }
  for (const [cx, cy] of [[3, 3], [size - 4, 3], [3, size - 4]] as const) {
    for (let y = -4; y <= 4; y++) for (let x = -4; x <= 4; x++) {
      const ring = Math.max(Math.abs(x), Math.abs(y));
      set(cx + x, cy + y, ring !== 2 && ring !== 4);
    }
  }
  const places = alignments(version);
  for (const cy of places) for (const cx of places) {
    if ((cx === 6 && cy === 6) || (cx === 6 && cy === size - 7) || (cx === size - 7 && cy === 6)) continue;
    for (let y = -2; y <= 2; y++) for (let x = -2; x <= 2; x++) set(cx + x, cy + y, Math.max(Math.abs(x), Math.abs(y)) !== 1);
  }
  format(grid, fixed, 0);
  if (version >= 7) versions(set, version, size);
}

function alignments(version: number): number[] {
  if (version === 1) return [];
  const n = Math.floor(version / 7) + 2;
  const step = Math.ceil((4 * version + 4) / (2 * n - 2)) * 2;
  const out = [6];
  for (let at = 4 * version + 10; out.length < n; at -= step) out.splice(1, 0, at);
  return out;
}

function versions(set: (x: number, y: number, dark: boolean) => void, version: number, size: number): void {
  let rest = version;
  for (let i = 0; i < 12; i++) rest = (rest << 1) ^ ((rest >>> 11) * 0x1f25);
  const bits = (version << 12) | rest;
  for (let i = 0; i < 18; i++) {
    const dark = ((bits >>> i) & 1) === 1;
    const [a, b] = [size - 11 + (i % 3), Math.floor(i / 3)];
    set(a, b, dark);
    set(b, a, dark);
  }
}

// format writes which mask was used, twice; level M is 00.
function format(grid: Grid, fixed: Grid, mask: number): void {
  const size = grid.length;
  let rest = mask;
  for (let i = 0; i < 10; i++) rest = (rest << 1) ^ ((rest >>> 9) * 0x537);
  const bits = ((mask << 10) | rest) ^ 0x5412;
  const set = (x: number, y: number, i: number): void => {
    grid[y]![x] = i < 0 || ((bits >>> i) & 1) === 1;
    fixed[y]![x] = true;
  };
  for (let i = 0; i <= 5; i++) set(8, i, i);
  set(8, 7, 6);
  set(8, 8, 7);
  set(7, 8, 8);
  for (let i = 9; i < 15; i++) set(14 - i, 8, i);
  for (let i = 0; i < 8; i++) set(size - 1 - i, 8, i);
  for (let i = 8; i < 15; i++) set(8, size - 15 + i, i);
  set(8, size - 8, -1);
}

// lay writes the words in the zigzag of the standard.
function lay(grid: Grid, fixed: Grid, words: readonly number[]): void {
  const size = grid.length;
  let i = 0;
  for (let right = size - 1; right >= 1; right -= 2) {
    if (right === 6) right = 5;
    for (let step = 0; step < size; step++) {
      const y = ((right + 1) & 2) === 0 ? size - 1 - step : step;
      for (const x of [right, right - 1]) {
        if (fixed[y]![x] || i >= words.length * 8) continue;
        grid[y]![x] = ((words[i >>> 3]! >>> (7 - (i & 7))) & 1) === 1;
        i++;
      }
    }
  }
}

const masks: readonly ((x: number, y: number) => boolean)[] = [
  (x, y) => (x + y) % 2 === 0,
  (_, y) => y % 2 === 0,
  (x) => x % 3 === 0,
  (x, y) => (x + y) % 3 === 0,
  (x, y) => (Math.floor(x / 3) + Math.floor(y / 2)) % 2 === 0,
  (x, y) => ((x * y) % 2) + ((x * y) % 3) === 0,
  (x, y) => (((x * y) % 2) + ((x * y) % 3)) % 2 === 0,
  (x, y) => (((x + y) % 2) + ((x * y) % 3)) % 2 === 0,
];

// best tries every mask and keeps the one that is easiest to read.
function best(grid: Grid, fixed: Grid): Grid {
  const tried = masks.map((mask, n) => {
    const out = grid.map((row, y) => row.map((dark, x) => (fixed[y]![x] ? dark : dark !== mask(x, y))));
    format(out, fixed, n);
    return { out, score: penalty(out) };
  });
  return tried.reduce((a, b) => (b.score < a.score ? b : a)).out;
}

function penalty(grid: Grid): number {
  const size = grid.length;
  const columns = grid.map((_, x) => grid.map((row) => row[x]!));
  let score = 0;
  for (const line of [...grid, ...columns]) {
    const text = line.map((dark) => (dark ? "1" : "0")).join("");
    for (const run of text.match(/0{5,}|1{5,}/g) ?? []) score += run.length - 2;
    for (const finder of ["10111010000", "00001011101"]) for (let at = text.indexOf(finder); at >= 0; at = text.indexOf(finder, at + 1)) score += 40;
  }
  for (let y = 1; y < size; y++) for (let x = 1; x < size; x++) {
    if (grid[y]![x] === grid[y - 1]![x] && grid[y]![x] === grid[y]![x - 1] && grid[y]![x] === grid[y - 1]![x - 1]) score += 3;
  }
  const dark = grid.flat().filter(Boolean).length;
  return score + 10 * Math.floor(Math.abs((20 * dark) / (size * size) - 10));
}

// picture draws the code, dark on white with the quiet zone that readers need.
export function picture(text: string, label: string): SVGElement {
  const grid = modules(text);
  const size = grid.length + 8;
  let d = "";
  grid.forEach((row, y) => row.forEach((dark, x) => (d += dark ? `M${x + 4} ${y + 4}h1v1h-1z` : "")));
  return vector("svg", { class: "qr", viewBox: `0 0 ${size} ${size}`, role: "img", "aria-label": label, "shape-rendering": "crispEdges" }, vector("path", { fill: "#fff", d: `M0 0h${size}v${size}H0z` }), vector("path", { fill: "#000", d }));
}
