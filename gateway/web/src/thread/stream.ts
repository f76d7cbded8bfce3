// What comes by itself: one stream of events for all conversations of this browser, held
// by one tab. Six tabs with a stream each would leave no connection for anything else.
import { fromBase64url } from "./keys";
import type { Bytes } from "../verify/bytes";

export interface Heard {
  envelope(thread: string, n: number, bytes: Bytes): void;
  state(thread: string, envelope: string, state: string): void;
  // gap says that something may have been missed.
  gap(): void;
  live(live: boolean): void;
  // ended says that the browser won't try again by itself.
  ended(): void;
}

// openStream listens until it is closed. It is reopened by whoever opened it: tickets
// are for one stream.
export function openStream(ticket: string, heard: Heard): () => void {
  const source = new EventSource(`/api/events?ticket=${encodeURIComponent(ticket)}`);
  const on = (name: string, run: (data: Record<string, unknown>) => void): void =>
    source.addEventListener(name, (event) => run(parse((event as MessageEvent<string>).data)));
  source.onopen = () => heard.live(true);
  source.onerror = () => (heard.live(false), source.readyState === EventSource.CLOSED && heard.ended());
  on("envelope", ({ thread, n, envelope }) => {
    const bytes = typeof envelope === "string" ? fromBase64url(envelope) : undefined;
    if (typeof thread === "string" && typeof n === "number" && bytes) heard.envelope(thread, n, bytes);
  });
  on("state", ({ thread, envelope, state }) => {
    if (typeof thread === "string" && typeof envelope === "string" && typeof state === "string") heard.state(thread, envelope, state);
  });
  on("gap", () => heard.gap());
  on("beat", () => heard.live(true));
  return () => source.close();
}

function parse(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text || "{}");
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

// lead runs while this tab is the one that listens, and calls the function it gets back
// when it isn't any more. It returns what ends it.
export function lead(begin: () => () => void): () => void {
  const locks = (globalThis.navigator as Partial<Navigator> | undefined)?.locks;
  return locks ? leadByLock(locks, begin) : leadByLease(begin);
}

const name = "stoa.threads.events";

function leadByLock(locks: LockManager, begin: () => () => void): () => void {
  const given = new AbortController();
  const held = (): Promise<void> =>
    new Promise((done) => {
      if (given.signal.aborted) return done();
      const end = begin();
      given.signal.addEventListener("abort", () => (end(), done()));
    });
  locks.request(name, { signal: given.signal }, held).catch(() => {}); // aborted while it waited
  return () => given.abort();
}

const leaseFor = 8_000;
const renewEvery = 2_500;

// leadByLease is for pages over plain http, which have no locks: a line in the storage
// of the origin that the leader renews.
function leadByLease(begin: () => () => void): () => void {
  const me = Math.random().toString(36);
  let end: (() => void) | undefined;
  const renew = (): void => {
    const [who, until] = (read(name) ?? "").split(" ");
    const mine = who === me || !(Number(until) > Date.now());
    if (mine) write(name, `${me} ${Date.now() + leaseFor}`);
    if (mine && !end) end = begin();
    if (!mine && end) {
      end();
      end = undefined;
    }
  };
  renew();
  const timer = setInterval(renew, renewEvery);
  return () => {
    clearInterval(timer);
    end?.();
    if (end) write(name, "");
  };
}

function read(key: string): string | null {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

function write(key: string, text: string): void {
  try {
    localStorage.setItem(key, text);
  } catch {
    // every tab listens for itself
  }
}
