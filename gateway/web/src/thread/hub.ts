// All conversations of this tab: each goes on by itself, one tab listens for all, and
// what one tab changes the others read.
import type { Bytes } from "../verify/bytes";
import { Book, type Tools } from "./book";
import { Courier } from "./courier";
import type { ShopRow } from "./keep";
import { type Heard, lead, openStream } from "./stream";
import type { Options } from "./types";

const pauses = { live: 60_000, seen: 4_000, hidden: 30_000, background: 300_000, longest: 60_000 };
const maxWatched = 64;

export interface Member {
  readonly book: Book;
  readonly courier: Courier;
  // poke has what there is to do done now.
  poke(): void;
}

// News is what tabs tell each other.
interface News {
  readonly brand?: string;
  readonly live?: boolean;
}

export class Hub {
  private readonly members = new Map<string, Going>();
  private readonly channel = typeof BroadcastChannel === "undefined" ? undefined : new BroadcastChannel("stoa.threads");
  private readonly ended = new AbortController();
  private stream: (() => void) | undefined;
  private watched = "";
  private leads = false;
  private heardAt = -Infinity;
  private opening: ReturnType<typeof setTimeout> | undefined;
  private failures = 0;

  constructor(readonly tools: Tools) {
    if (this.channel) this.channel.onmessage = (event: MessageEvent<News>) => this.heard(event.data);
    const signal = this.ended.signal;
    if (typeof document === "undefined") return;
    document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && this.pokeAll(), { signal });
    for (const name of ["online", "pageshow"]) addEventListener(name, () => this.pokeAll(), { signal });
    if (typeof EventSource !== "undefined") signal.addEventListener("abort", lead(() => this.listen()));
  }

  // open takes a conversation up; told is called whenever something about it changed.
  async open(options: Options, told: () => unknown = () => {}, background = false): Promise<Member> {
    this.members.get(options.brand)?.stop(); // it went on in the background
    const going = new Going(this, options, told, background);
    this.members.set(options.brand, going);
    await going.book.load();
    void going.run(this.ended.signal);
    this.watch();
    return going;
  }

  // changed tells the other tabs.
  changed(brand: string): void {
    this.channel?.postMessage({ brand } satisfies News);
    this.watch();
  }

  get isLive(): boolean {
    return this.heardAt > Date.now() - pauses.live;
  }

  close(): void {
    this.ended.abort();
    clearTimeout(this.opening);
    this.stream?.();
    this.channel?.close();
  }

  private heard({ brand, live }: News): void {
    if (live) this.heardAt = Date.now();
    const member = brand === undefined ? undefined : this.members.get(brand);
    if (member) void member.book.load();
    else if (brand !== undefined && this.leads) void this.gather();
  }

  private pokeAll(): void {
    for (const member of this.members.values()) member.again();
  }

  // listen makes this tab the one that listens for all.
  private listen(): () => void {
    this.leads = true;
    void this.gather();
    return () => {
      this.leads = false;
      this.stream?.();
      this.stream = undefined;
      this.watched = "";
    };
  }

  // gather takes up conversations that are open in no tab.
  private async gather(): Promise<void> {
    for (const row of await this.tools.keep.shops()) {
      if (!this.members.has(row.brand) && !this.ended.signal.aborted) await this.open(optionsOf(row), undefined, true);
    }
    this.watch();
  }

  // watch opens a stream of what there is to listen to, when that has changed.
  private watch(): void {
    if (!this.leads || this.opening !== undefined) return;
    const names = this.listening().map((m) => m.book.page!.row.thread).join(" ");
    if (names === this.watched) return;
    this.opening = setTimeout(() => void this.reopen(names), 50);
  }

  private listening(): Going[] {
    const ready = [...this.members.values()].filter(({ book: { page } }) => page && page.row.begun && !page.row.joining && !page.row.erased && !page.row.removed);
    return ready.slice(0, maxWatched);
  }

  private async reopen(names: string): Promise<void> {
    try {
      const members = this.listening();
      const requests: Bytes[] = [];
      for (const m of members) requests.push(await m.courier.request());
      const ticket = requests.length ? await this.tools.api.ticket(requests) : undefined;
      this.stream?.();
      this.stream = ticket === undefined || !this.leads ? undefined : openStream(ticket, this.ear());
      this.watched = names;
      this.failures = 0;
      for (const m of members) m.again();
    } catch {
      this.failures++;
      await new Promise((done) => setTimeout(done, Math.min(pauses.longest, 1_000 * 2 ** this.failures)));
    } finally {
      this.opening = undefined;
    }
    this.watch();
  }

  private ear(): Heard {
    const of = (thread: string) => [...this.members.values()].find((m) => m.book.page?.row.thread === thread);
    return {
      envelope: (thread, n, bytes) => void of(thread)?.courier.receive([{ n, bytes }]).then(() => of(thread)?.poke(), () => {}),
      state: (thread, envelope, state) => void of(thread)?.courier.delivered(envelope, state).catch(() => {}),
      gap: () => this.pokeAll(),
      live: (live) => {
        this.heardAt = live ? Date.now() : -Infinity;
        this.channel?.postMessage({ live } satisfies News);
      },
      ended: () => {
        this.watched = "";
        this.watch();
      },
    };
  }
}

const optionsOf = ({ brand, direct, home, base }: ShopRow): Options => ({ brand, direct, home, base });

// Going is one conversation that goes on by itself.
class Going implements Member {
  readonly book: Book;
  readonly courier: Courier;
  private wake: (() => void) | undefined;
  private poked = false;
  private stopped = false;
  private patient = false; // what fails isn't hurried by new things to do

  constructor(
    private readonly hub: Hub,
    options: Options,
    told: () => unknown,
    private readonly background: boolean,
  ) {
    this.book = new Book(hub.tools, options.brand, (here) => {
      if (here) hub.changed(options.brand);
      told();
      if (here) this.poke();
    });
    this.courier = new Courier(this.book, options, told);
  }

  poke(): void {
    this.poked = true;
    if (!this.patient) this.wake?.();
  }

  stop(): void {
    this.stopped = true;
    this.again();
  }

  // again asks what there is, however long it would have waited.
  again(): void {
    this.courier.pull();
    this.poked = true;
    this.wake?.();
  }

  // run goes on until it is told to stop, slower while it fails.
  async run(signal: AbortSignal): Promise<void> {
    let failures = 0;
    while (!signal.aborted && !this.stopped) {
      this.poked = false;
      try {
        while (!signal.aborted && !this.stopped && (await this.courier.step()));
        failures = 0;
      } catch {
        failures++; // the courier says what it was
      }
      const pause = failures ? Math.min(pauses.longest, 500 * 2 ** failures) * (0.75 + Math.random() / 2) : this.pause();
      this.patient = failures > 0;
      if (!signal.aborted && (await this.sleep(pause, signal))) this.courier.pull();
    }
  }

  private pause(): number {
    if (this.background) return pauses.background;
    if (this.hub.isLive) return pauses.live;
    return typeof document !== "undefined" && document.visibilityState === "hidden" ? pauses.hidden : pauses.seen;
  }

  // sleep says whether it slept its time.
  private sleep(pause: number, signal: AbortSignal): Promise<boolean> {
    if (this.poked && !this.patient) return Promise.resolve(false);
    return new Promise((done) => {
      const end = (slept: boolean): void => {
        clearTimeout(timer);
        signal.removeEventListener("abort", aborted);
        this.wake = undefined;
        done(slept);
      };
      const timer = setTimeout(() => end(true), pause);
      this.wake = () => end(false);
      const aborted = (): void => end(false);
      signal.addEventListener("abort", aborted);
    });
  }
}
