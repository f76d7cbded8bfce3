// A thread that Go judges: the browser's side of it, sealed and signed by this code,
// and what Go's side sealed, opened here.
import { hex } from "../../verify/bytes";
import { CID } from "../../verify/cid";
import { hex as hexOf } from "../../verify/bytes";
import { encode } from "../crypto/cbor";
import { random } from "../crypto/hash";
import { newDeviceKey, heldSigner, seedSigner } from "../crypto/sign";
import { handbacks, openEnvelope, readEnvelope, sealParcel } from "../envelope";
import * as keys from "../keys";
import * as objects from "../objects";
import { type Case, unhex } from "./answer";

// across begins a thread with Go's prekey and says something in it; or opens an envelope
// under a secret that Go names.
export async function across(asked: Case): Promise<unknown> {
  if (asked["envelope"]) {
    const parcel = await openEnvelope(unhex(asked["secret"]), readEnvelope(unhex(asked["envelope"])));
    return parcel && JSON.parse(JSON.stringify(parcel, (_, v) => (v instanceof Uint8Array ? hexOf(v as never) : v instanceof CID ? v.text : v)));
  }
  const [brand, prekey, home] = [CID.parse(asked["brand"]), CID.parse(asked["prekey"]), CID.parse(asked["brand"])];
  const identity = await seedSigner(keys.identityOf(keys.seedOf(unhex(asked["code"])), brand));
  const made = await newDeviceKey(true);
  const device = "held" in made ? heldSigner(made.key, made.held) : await seedSigner(made.seed);
  const sender = await keys.encapsulate(brand, prekey, unhex(asked["key"]));
  const time = asked["time"];
  const genesis = await objects.signGenesis({ brand, prekey, enc: sender.enc, device: device.key, home, nonce: random(16), time }, identity);
  const secret = keys.firstEpoch(keys.rootOf(sender), genesis.id);
  const [salt, body] = [random(32), encode({ text: "Grüße, 你好 👋" })];
  const entry = await objects.signEntry(
    { thread: genesis.id, dseq: 1, dprev: null, seen: null, kind: "text", body: objects.commitment(salt, body), time }, device,
  );
  const outer = { thread: genesis.id, dir: "up" as const, epoch: 0 };
  const parcel = { kind: "entry", entry: entry.signed, salt, body };
  const rekey = await keys.encapsulate(brand, prekey, unhex(asked["key"]));
  const join = await objects.signJoin({ thread: genesis.id, prekey, enc: rekey.enc, time }, device);
  const link = await seedSigner(random(32));
  const linkCert = await objects.signCertificate(genesis.id, link.key, "link", time, identity);
  const deviceCert = await objects.signCertificate(genesis.id, (await seedSigner(random(32))).key, "device", time, link);
  const handed = { entry: entry.signed, commit: entry.signed, salt, body };
  const out = {
    genesis: genesis.signed, secret, write: keys.writeOf(sender),
    envelope: await sealParcel(secret, outer, parcel),
    sync: await sealParcel(secret, outer, { kind: "sync", after: 7 }),
    handback: await sealParcel(secret, outer, handbacks([handed, handed])[0]!),
    join: join.signed, joinSecret: keys.joinSecret(keys.rootOf(rekey), genesis.id),
    next: keys.nextEpoch(secret, keys.rootOf(rekey), genesis.id), rekeyEnc: rekey.enc,
    request: (await objects.signRequest(genesis.id, time, device)).signed,
    linkCert: linkCert.signed, deviceCert: deviceCert.signed,
  };
  return { thread: genesis.id.text, entry: entry.id.text, ...Object.fromEntries(Object.entries(out).map(([k, v]) => [k, hex(v)])) };
}
