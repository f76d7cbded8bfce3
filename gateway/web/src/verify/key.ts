// Public keys (specs/02-signed.md §4, §5).
import { type Bytes, hex } from "./bytes";
import { refuse } from "./refused";
import { sha256 } from "./sha256";

export interface PublicKey {
  readonly bytes: Bytes;
  readonly hex: string;
  readonly kid: string;
}

const p = 2n ** 255n - 19n;

// The constant of the curve −x² + y² = 1 + dx²y² is d = −121665/121666. Multiplied
// out, equations need neither it nor a division.
const a = 121665n;
const b = 121666n;

// publicKey takes the bytes of a key that is a canonical point of the curve and not
// of small order.
export function publicKey(bytes: Bytes): PublicKey {
  if (bytes.length !== 32) refuse("size", "a key of another length");
  const encoded = littleEndian(bytes);
  const y = BigInt.asUintN(255, encoded);
  const yy = (y * y) % p;
  if (jacobi((yy - 1n) * (b - a * yy) * b, p) < 0) refuse("curve", "a key that is no point of the curve");
  if (y >= p || (yy === 1n && encoded !== y)) refuse("canonical", "a key in another encoding");
  if (isSmallOrder(y, yy)) refuse("order", "a key of small order");
  return { bytes, hex: hex(bytes), kid: hex(sha256(bytes).subarray(0, 8)) };
}

export function littleEndian(bytes: Bytes): bigint {
  return BigInt("0x" + hex(bytes.slice().reverse()));
}

// isSmallOrder asks of a point whether eight times it is neutral. Order 1 and 2 have
// y = ±1, order 4 has y = 0. Order 8 doubles to order 4, so x² = −y², which leaves
// dy⁴ + 2y² − 1 = 0 of the curve's equation.
function isSmallOrder(y: bigint, yy = (y * y) % p): boolean {
  return (y * (yy - 1n) * (b * (2n * yy - 1n) - a * yy * yy)) % p === 0n;
}

// encodesSmallOrder asks the same of an encoded point, canonical or not.
export function encodesSmallOrder(bytes: Bytes): boolean {
  return isSmallOrder(BigInt.asUintN(255, littleEndian(bytes)));
}

// jacobi returns the Jacobi symbol (n/m) for odd m: for a prime, −1 when n has no
// square root, 0 when it is a multiple, else 1.
function jacobi(n: bigint, m: bigint): number {
  let sign = 1;
  n = ((n % m) + m) % m;
  while (n) {
    for (; !(n & 1n); n >>= 1n) if (((m & 7n) - 4n) ** 2n === 1n) sign = -sign;
    if (n & m & 2n) sign = -sign;
    [n, m] = [m % n, n];
  }
  return m === 1n ? sign : 0;
}
