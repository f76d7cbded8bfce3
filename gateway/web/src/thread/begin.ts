// How a conversation begins in this browser: anew, by the recovery code, or by a link.
import { type Bytes, hex } from "../verify/bytes";
import { CID } from "../verify/cid";
import { publicKey } from "../verify/key";
import { refuse } from "../verify/refused";
import type { Tools } from "./book";
import { random } from "./crypto/hash";
import { type DeviceKey, newDeviceKey, seedSigner } from "./crypto/sign";
import { subtle } from "./crypto/load";
import { chainOf } from "./chain";
import type { ShopRow } from "./keep";
import { encapsulate, firstEpoch, type Link, rootOf, writeOf } from "./keys";
import { type Genesis, readGenesis, signCertificate, signGenesis } from "./objects";
import type { Brand, Prekey } from "./proven";
import { sealSecrets, type Secrets } from "./secrets";
import type { Options } from "./types";

// deviceOf returns this browser's key with the brand: held by the browser where that
// works, else a seed.
async function deviceOf({ keep }: Tools, brand: string): Promise<DeviceKey> {
  const known = await keep.key(brand);
  if (known?.key) return { key: known.key as Bytes, held: known.held };
  const made = await newDeviceKey(subtle() !== undefined);
  if ("seed" in made) return made;
  const kept = await keep.putKey(brand, { held: made.held, key: made.key });
  return kept?.key ? { key: kept.key as Bytes, held: kept.held } : newDeviceKey(false);
}

const seedIn = (device: DeviceKey): Bytes | undefined => ("seed" in device ? device.seed : undefined);

async function rowOf(tools: Tools, o: Options, proven: Brand, parts: Pick<ShopRow, "thread" | "genesis" | "identity" | "device" | "certs" | "chain">, secrets: Secrets): Promise<ShopRow> {
  const fresh = parts.certs.length === 0;
  return {
    ...parts, brand: o.brand, rev: 0, base: o.base, home: o.home, direct: o.direct, secrets: await sealSecrets(tools.vault, secrets),
    begun: !fresh, joining: !fresh, introduced: fresh, dseq: 0, dprev: null,
    epoch: 0, epochSeq: 0, epochTime: tools.clock.now(), cursor: 0, read: 0, keys: proven.keys, removed: false, erased: false,
  };
}

// anew makes a thread that the brand doesn't know yet.
export async function anew(tools: Tools, o: Options, proven: Brand, prekey: Prekey, identitySeed: Bytes): Promise<ShopRow> {
  const device = await deviceOf(tools, o.brand);
  const identity = await seedSigner(identitySeed);
  const brand = CID.parse(o.brand);
  const sender = await encapsulate(brand, prekey.id, prekey.key);
  const time = tools.clock.now();
  const parts = { brand, prekey: prekey.id, enc: sender.enc, device: device.key, home: CID.parse(o.home), nonce: random(16), time };
  const { id, signed } = await signGenesis(parts, identity);
  const epochs = [{ epoch: 0, secret: firstEpoch(rootOf(sender), id), until: 0 }];
  const secrets = { identity: identitySeed, device: seedIn(device), write: writeOf(sender), epochs };
  const chain = chainOf({ device: publicKey(device.key), time });
  return rowOf(tools, o, proven, { thread: id.text, genesis: signed, identity: identity.key, device: device.key, certs: [], chain }, secrets);
}

// known joins a thread that there is, by the identity's seed or a mailed link's. It is
// refused as "other_brand" or "bad_code" when thread and seed don't belong together.
export async function known(tools: Tools, o: Options, proven: Brand, link: Link): Promise<ShopRow> {
  const genesis = await readGenesis(await tools.api.genesis(link.thread.text), tools.verify);
  if (genesis.thread.text !== link.thread.text) refuse("bad_code", "another thread than the one asked for");
  if (genesis.brand.text !== o.brand) refuse("other_brand", "a thread with another brand");
  const by = await seedSigner(link.seed);
  if (link.kind === "i" && hex(by.key) !== genesis.identity.hex) refuse("bad_code", "a thread of another identity");
  const device = await freshDevice(tools, o.brand, genesis);
  const time = tools.clock.now();
  const cert = await signCertificate(link.thread, device.key, "device", time, by);
  const secrets: Secrets = { [link.kind === "i" ? "identity" : "link"]: link.seed, device: seedIn(device), epochs: [] };
  const parts = { thread: link.thread.text, genesis: genesis.signed, identity: genesis.identity.bytes, device: device.key, certs: [cert.signed], chain: chainOf(genesis) };
  return rowOf(tools, o, proven, parts, secrets);
}

// freshDevice makes a key for a thread in which this browser's key may have been used:
// two chains of one key would contradict each other.
async function freshDevice(tools: Tools, brand: string, genesis: Genesis): Promise<DeviceKey> {
  const row = await tools.keep.shop(brand);
  if (!row && !(await tools.keep.key(brand))) return deviceOf(tools, brand);
  const kept = await deviceOf(tools, brand);
  const used = row?.thread === genesis.thread.text || hex(kept.key) === genesis.device.hex;
  return used ? newDeviceKey(false) : kept;
}
