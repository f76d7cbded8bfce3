// Files: pictures are drawn anew before they are sealed, so that nothing the camera wrote
// into them leaves the device; each file has a key of its own (specs/17-bodies.md).
import type { Bytes } from "../verify/bytes";
import { CID } from "../verify/cid";
import { random } from "./crypto/hash";
import { open, seal } from "./crypto/seal";
import { type FileRef, Refusal } from "./types";

const maxSide = 1_600;
const maxBytes = 512 * 1_024;
const maxPreview = 8 * 1_024;

export interface SealedFile {
  readonly ref: FileRef;
  readonly bytes: Bytes;
}

// sealPhoto draws a picture anew as JPEG, as large as it may be, and seals it.
export async function sealPhoto(file: Blob): Promise<SealedFile> {
  const picture = await createImageBitmap(file, { imageOrientation: "from-image" }).catch(() => {
    throw new Refusal("not_a_picture");
  });
  try {
    const { blob, width, height } = await fitting(picture);
    const small = await draw(picture, 48, 0.5);
    const preview = small.blob.size <= maxPreview ? { preview: await bytesOf(small.blob) } : {};
    return await sealFile(await bytesOf(blob), { type: "image/jpeg", width, height, ...preview });
  } finally {
    picture.close();
  }
}

interface Drawn {
  readonly blob: Blob;
  readonly width: number;
  readonly height: number;
}

async function fitting(picture: ImageBitmap): Promise<Drawn> {
  for (const [side, quality] of [[maxSide, 0.82], [maxSide, 0.6], [1_200, 0.6], [800, 0.5]] as const) {
    const drawn = await draw(picture, side, quality);
    if (drawn.blob.size <= maxBytes) return drawn;
  }
  throw new Refusal("too_large");
}

async function draw(picture: ImageBitmap, side: number, quality: number): Promise<Drawn> {
  const scale = Math.min(1, side / Math.max(picture.width, picture.height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(picture.width * scale));
  canvas.height = Math.max(1, Math.round(picture.height * scale));
  const context = canvas.getContext("2d");
  if (!context) throw new Refusal("not_a_picture");
  context.fillStyle = "#fff"; // what is transparent would turn black
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.drawImage(picture, 0, 0, canvas.width, canvas.height);
  const blob = await new Promise<Blob | null>((done) => canvas.toBlob(done, "image/jpeg", quality));
  return { blob: blob ?? refused(), width: canvas.width, height: canvas.height };
}

const refused = (): never => {
  throw new Refusal("not_a_picture");
};
const bytesOf = async (blob: Blob): Promise<Bytes> => new Uint8Array(await blob.arrayBuffer());

export async function sealFile(plain: Bytes, about: Omit<FileRef, "blob" | "key" | "size">): Promise<SealedFile> {
  const key = random(32);
  const bytes = await seal(key, plain);
  return { ref: { ...about, blob: CID.of(bytes, true).text, key, size: plain.length }, bytes };
}

const shown = ["image/jpeg", "image/png", "image/webp", "image/gif"];

// openFile opens what a file's name says it is; anything that a page could run is
// handed out as plain bytes.
export async function openFile(ref: FileRef, sealed: Bytes): Promise<Blob> {
  if (CID.of(sealed, true).text !== ref.blob) throw new Refusal("damaged");
  const plain = await open(ref.key as Bytes, sealed);
  if (!plain) throw new Refusal("damaged");
  return new Blob([plain], { type: shown.includes(ref.type) ? ref.type : "application/octet-stream" });
}
