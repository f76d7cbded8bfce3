// Who the shopper is: one recovery code in this browser, from which all identities are
// derived. Brands can't tell from theirs that it is the same shopper.
import type { Bytes } from "../verify/bytes";
import type { Tools } from "./book";
import { random } from "./crypto/hash";

export interface Self {
  readonly code: Bytes;
  readonly restored: boolean;
  // become takes the code of another browser for this one's.
  become(code: Bytes): Promise<void>;
  // renew makes a code of which nobody knows anything yet.
  renew(): Promise<void>;
}

export async function openSelf({ keep, vault }: Pick<Tools, "keep" | "vault">): Promise<Self> {
  const row = (await keep.self()) ?? (await keep.putSelf({ code: await vault.seal(random(16)), restored: false }, false));
  let [code, restored] = [await vault.open(row.code), row.restored];
  const take = async (other: Bytes, brought: boolean): Promise<void> => {
    await keep.putSelf({ code: await vault.seal(other), restored: brought }, true);
    [code, restored] = [other, brought];
  };
  return {
    get code() {
      return code;
    },
    get restored() {
      return restored;
    },
    become: (other) => take(other, true),
    renew: () => take(random(16), false),
  };
}
