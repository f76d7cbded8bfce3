// One conversation as it is kept here, and the one way to change it: a change is worked
// out on what was read, and made only if no other tab has changed it since.
import { type Bytes, hex } from "../verify/bytes";
import { CID } from "../verify/cid";
import type { Verify } from "../verify/ed25519";
import { publicKey } from "../verify/key";
import type { Api } from "./api";
import type { Thread } from "./chain";
import type { Clock } from "./clock";
import { heldSigner, seedSigner, type Signer } from "./crypto/sign";
import type { Change, ItemRow, Keep, OutRow, ShopRow } from "./keep";
import { type Commit, type Entry, readCommit, readEntry } from "./objects";
import { openSecrets, sealSecrets, type Secrets } from "./secrets";
import type { Vault } from "./vault";

// Tools are what conversations of one browser share.
export interface Tools {
  readonly keep: Keep;
  readonly vault: Vault;
  readonly api: Api;
  readonly verify: Verify;
  readonly clock: Clock;
}

// Line is a committed entry with what stands in it.
export interface Line extends ItemRow {
  readonly header: Entry;
  readonly place: Commit;
  readonly mine: boolean;
}

export interface Page {
  readonly row: ShopRow;
  readonly secrets: Secrets;
  readonly lines: readonly Line[];
  readonly out: readonly OutRow[];
}

// Draft of a change: what is left out stays.
export interface Edit extends Partial<Omit<Change, "row">> {
  readonly row?: Partial<Omit<ShopRow, "brand" | "rev" | "secrets">>;
  readonly secrets?: Secrets;
}

export interface Worked<T> {
  readonly edit?: Edit | undefined;
  readonly result: T;
}

export class Book {
  page: Page | undefined;
  private queue: Promise<unknown> = Promise.resolve();

  // changed is called after every change, of this tab (true) or another.
  constructor(
    readonly tools: Tools,
    readonly brand: string,
    private readonly changed: (here: boolean) => void = () => {},
  ) {}

  // load reads what other tabs have done.
  async load(): Promise<void> {
    await this.alone(() => this.reload());
    this.changed(false);
  }

  // start keeps a conversation in the place of the one there is, if any.
  async start(row: ShopRow, edit: Pick<Edit, "out" | "files"> = {}): Promise<void> {
    await this.alone(async () => {
      const { keep } = this.tools;
      if (this.page) await keep.forget(this.brand, false);
      this.page = undefined; // its lines are of another thread
      await keep.commit({ ...edit, row: { ...row, rev: 1 } }); // or another tab was faster
      await this.reload();
    });
    this.changed(true);
  }

  // forget removes all of it, the keys included.
  async forget(): Promise<void> {
    await this.alone(async () => {
      await this.tools.keep.forget(this.brand, true);
      this.page = undefined;
    });
    this.changed(true);
  }

  // change works out an edit, if there is anything to change, and makes it, again if
  // another tab was faster. It returns what work returned beside the edit, and nothing
  // without a conversation.
  async change<T>(work: (page: Page) => Promise<Worked<T>>): Promise<T | undefined> {
    let edited = false;
    const result = await this.alone(async () => {
      for (;;) {
        if (!this.page) return undefined;
        const made = await work(this.page);
        if (!made.edit) return made.result;
        if ((edited = await this.make(this.page, made.edit))) return made.result;
        await this.reload();
      }
    });
    if (edited) this.changed(true);
    return result;
  }

  private async make(page: Page, { row, secrets, ...rest }: Edit): Promise<boolean> {
    const sealed = secrets ? await sealSecrets(this.tools.vault, secrets) : page.row.secrets;
    const next: ShopRow = { ...page.row, ...row, secrets: sealed, rev: page.row.rev + 1 };
    if (!(await this.tools.keep.commit({ ...rest, row: next }))) return false;
    const lines = [...page.lines, ...(rest.items ?? []).map((item) => lineOf(item, next))];
    const gone = new Set([...(rest.drop ?? []), ...(rest.out ?? []).map((o) => o.dseq)]);
    const out = [...page.out.filter((o) => !gone.has(o.dseq)), ...(rest.out ?? [])].sort((a, b) => a.dseq - b.dseq);
    this.page = { row: next, secrets: secrets ?? page.secrets, lines, out };
    return true;
  }

  private async reload(): Promise<void> {
    const { keep, vault } = this.tools;
    const row = await keep.shop(this.brand);
    if (!row) return void (this.page = undefined);
    const same = this.page?.row.thread === row.thread ? this.page : undefined;
    const more = await keep.items(this.brand, same?.row.chain.seq ?? 0);
    const lines = [...(same?.lines ?? []), ...more.map((item) => lineOf(item, row))];
    this.page = { row, secrets: await openSecrets(vault, row.secrets), lines, out: await keep.out(this.brand) };
  }

  // alone runs one thing after the other, whatever becomes of those before.
  private alone<T>(run: () => Promise<T>): Promise<T> {
    const result = this.queue.then(run, run);
    this.queue = result.catch(() => {});
    return result;
  }
}

function lineOf(item: ItemRow, row: ShopRow): Line {
  const header = readEntry(item.entry);
  return { ...item, header, place: readCommit(item.commit), mine: !row.keys.includes(hex(header.by)) };
}

export const threadOf = ({ row, lines }: Page, verify: Verify): Thread => ({
  id: CID.parse(row.thread),
  identity: publicKey(row.identity),
  keys: row.keys,
  verify,
  commitAt: (seq) => lines.find((l) => l.seq === seq)?.place.id.text,
});

// signerOf returns what signs for this device.
export async function signerOf({ keep }: Tools, { row, secrets }: Page): Promise<Signer> {
  if (secrets.device) return seedSigner(secrets.device);
  const held = await keep.key(row.brand);
  if (!held?.key) throw new Error("the device's key is gone");
  return heldSigner(held.key as Bytes, held.held);
}
