// The secrets of one conversation, kept sealed in its row.
import type { Bytes } from "../verify/bytes";
import { decode } from "../verify/cbor";
import { CID } from "../verify/cid";
import { bytes, closed, integer, link, list, type Read } from "../verify/shape";
import { encode } from "./crypto/cbor";
import type { Sealed, Vault } from "./vault";

export interface EpochSecret {
  readonly epoch: number;
  readonly secret: Bytes;
  readonly until: number; // 0: the present one; else when it is forgotten
}

export interface Secrets {
  readonly identity?: Bytes | undefined; // the seed of the identity, unless this browser came by a mailed link
  readonly link?: Bytes | undefined; // the seed of the link key that it came by
  readonly device?: Bytes | undefined; // the seed of the device's key, where the browser holds none
  readonly write?: Bytes | undefined; // unknown before a welcome
  readonly epochs: readonly EpochSecret[];
  // The epoch that a rekey of this device begins, once the entry is committed.
  readonly pending?: { readonly entry: CID; readonly epoch: number; readonly secret: Bytes } | undefined;
  // The join that was asked and not answered.
  readonly join?: { readonly id: CID; readonly secret: Bytes } | undefined;
}

const secret = bytes(32, 32);
const form: Read<Secrets> = closed(
  { epochs: list(closed({ epoch: integer(), secret, until: integer() }, {})) },
  {
    identity: secret, link: secret, device: secret, write: secret,
    pending: closed({ entry: link, epoch: integer(), secret }, {}),
    join: closed({ id: link, secret }, {}),
  },
);

export function sealSecrets(vault: Vault, { epochs, pending, join, ...seeds }: Secrets): Promise<Sealed> {
  const plain = encode({
    ...seeds,
    epochs: epochs.map(({ epoch, secret, until }) => ({ epoch, secret, until })),
    pending: pending && { ...pending },
    join: join && { ...join },
  });
  return vault.seal(plain);
}

export async function openSecrets(vault: Vault, sealed: Sealed): Promise<Secrets> {
  return form(decode(await vault.open(sealed)));
}

// secretOf returns the secret of an epoch, the pending one included.
export function secretOf({ epochs, pending }: Secrets, epoch: number): Bytes | undefined {
  return epochs.find((e) => e.epoch === epoch)?.secret ?? (pending?.epoch === epoch ? pending.secret : undefined);
}

const grace = 7 * 24 * 3_600_000;

// advance makes the epoch the present one; the one before goes after a while, for
// envelopes that were on their way.
export function advance(secrets: Secrets, epoch: number, secret: Bytes, now: number): Secrets {
  const former = secrets.epochs
    .filter((e) => e.epoch !== epoch && (e.until === 0 || e.until > now))
    .map((e) => (e.until === 0 ? { ...e, until: now + grace } : e));
  return { ...secrets, epochs: [...former, { epoch, secret, until: 0 }], pending: undefined };
}
