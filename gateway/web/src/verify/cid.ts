// Content identifiers (specs/01-encoding.md §4).
import { type Bytes, concat } from "./bytes";
import { refuse } from "./refused";
import { sha256 } from "./sha256";

const alphabet = "abcdefghijklmnopqrstuvwxyz234567";
const raw = 0x55;
const dagCBOR = 0x71;

// A CID exists only if it is valid. Two are equal when their texts are.
export class CID {
  readonly text: string;

  private constructor(readonly bytes: Bytes) {
    this.text = "b" + base32(bytes);
  }

  get isDagCBOR(): boolean {
    return this.bytes[1] === dagCBOR;
  }

  // of names content that is DAG-CBOR or, when told so, any bytes.
  static of(content: Bytes, isRaw = false): CID {
    return new CID(concat(new Uint8Array([1, isRaw ? raw : dagCBOR, 0x12, 32]), sha256(content)));
  }

  // from reads the binary form.
  static from(bytes: Bytes): CID {
    const [version, codec, hash, size] = bytes;
    const known = version === 1 && (codec === raw || codec === dagCBOR) && hash === 0x12 && size === 32;
    if (!known || bytes.length !== 36) refuse("cid", "an identifier of another form");
    return new CID(bytes);
  }

  // parse reads the text form.
  static parse(text: string): CID {
    if (!/^b[a-z2-7]{58}$/.test(text)) refuse("cid", "not the text of an identifier");
    const cid = CID.from(fromBase32(text.slice(1)));
    if (cid.text !== text) refuse("cid", "stray bits at the end of an identifier");
    return cid;
  }
}

function base32(bytes: Bytes): string {
  let [text, bits, held] = ["", 0, 0];
  for (const b of bytes) {
    held = ((held & 31) << 8) | b;
    for (bits += 8; bits >= 5; bits -= 5) text += alphabet[(held >> (bits - 5)) & 31];
  }
  return bits ? text + alphabet[(held << (5 - bits)) & 31] : text;
}

function fromBase32(text: string): Bytes {
  const bytes: number[] = [];
  let [bits, held] = [0, 0];
  for (const digit of text) {
    held = ((held & 0xff) << 5) | alphabet.indexOf(digit);
    bits += 5;
    if (bits >= 8) bytes.push((held >> (bits -= 8)) & 0xff);
  }
  return new Uint8Array(bytes);
}
