// What secrets are kept under: a key that the browser holds and doesn't give out. On
// plain http there is none, and secrets lie as open as the page came.
import type { Bytes } from "../verify/bytes";
import { random } from "./crypto/hash";
import { subtle } from "./crypto/load";
import type { Keep } from "./keep";

export type Sealed = { readonly nonce: Bytes; readonly ct: Bytes } | { readonly plain: Bytes };

export interface Vault {
  seal(plain: Bytes): Promise<Sealed>;
  open(sealed: Sealed): Promise<Bytes>;
}

export async function openVault(keep: Keep): Promise<Vault> {
  const key = await vaultKey(keep);
  return {
    seal: async (plain) => {
      if (!key) return { plain };
      const nonce = random(12);
      return { nonce, ct: new Uint8Array(await subtle()!.encrypt({ name: "AES-GCM", iv: nonce }, key, plain)) };
    },
    open: async (sealed) => {
      if ("plain" in sealed) return sealed.plain;
      if (!key) throw new Error("sealed by a key that isn't here");
      return new Uint8Array(await subtle()!.decrypt({ name: "AES-GCM", iv: sealed.nonce }, key, sealed.ct));
    },
  };
}

const name = "vault";

async function vaultKey(keep: Keep): Promise<CryptoKey | undefined> {
  const known = await keep.key(name);
  if (known || !subtle() || (await keep.self())) return known?.held; // what is there was sealed by no key
  const held = await subtle()!.generateKey({ name: "AES-GCM", length: 256 }, false, ["encrypt", "decrypt"]);
  return (await keep.putKey(name, { held }))?.held;
}
