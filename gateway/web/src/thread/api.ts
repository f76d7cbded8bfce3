// The gateway's side of conversations over HTTP (specs/20-thread-http.md).
import type { Bytes } from "../verify/bytes";
import { decode, Fields, type Value } from "../verify/cbor";
import { CID } from "../verify/cid";
import { Refused } from "../verify/refused";
import { encode, type Tree } from "./crypto/cbor";
import { base64url } from "./keys";

// Failed is an answer that isn't the one hoped for. The words are the gateway's:
// unknown_thread, unknown_brand, exists, clock, busy, quota, too_large, …; "offline"
// when there was no answer at all.
export class Failed extends Error {
  constructor(
    readonly word: string,
    readonly status: number,
    readonly time?: number, // the gateway's clock
    readonly thread?: string, // with exists
  ) {
    super(word);
  }
}

export interface Result {
  readonly state: string;
  readonly reason?: string | undefined;
  readonly seq?: number | undefined; // where it stands in the chain, refused or not
  readonly receipt?: Bytes | undefined;
}

export interface Numbered {
  readonly n: number;
  readonly bytes: Bytes;
}

export interface Page {
  readonly envelopes: readonly Numbered[];
  readonly next: number;
  readonly more: boolean;
}

export interface Answer extends Page {
  readonly results: readonly Result[];
}

const mediaType = "application/vnd.stoa.thread+cbor";
const patience = 45_000; // milliseconds

// Api talks to the gateway that served the page. fetch is given by tests.
export class Api {
  constructor(private readonly fetch: typeof globalThis.fetch = (...a) => globalThis.fetch(...a)) {}

  async begin(genesis: Bytes, write: Bytes, envelopes: readonly Bytes[]): Promise<Answer> {
    return answer(await this.post("/api/threads", { genesis, envelopes, after: 0 }, writing(write)));
  }

  async send(thread: string, write: Bytes, envelopes: readonly Bytes[], after: number, wait: number): Promise<Answer> {
    return answer(await this.post(`/api/threads/${thread}/entries?wait=${wait}`, { envelopes, after }, writing(write)));
  }

  async read(thread: string, request: Bytes, after: number): Promise<Page> {
    return page(await this.get(`/api/threads/${thread}/entries?after=${after}`, reading(request)));
  }

  // join returns the welcome, or nothing when it comes later.
  async join(thread: string, join: Bytes, certs: readonly Bytes[]): Promise<Bytes | undefined> {
    const welcome = bytesOf(await this.post(`/api/threads/${thread}/join`, { join, certs }), "welcome");
    return welcome?.length ? welcome : undefined;
  }

  async find(brand: CID, identity: Bytes): Promise<string | undefined> {
    const found = listOf(await this.post("/api/threads/find", { brand, identities: [identity] }), "threads")[0];
    return found instanceof CID ? found.text : undefined;
  }

  async genesis(thread: string): Promise<Bytes> {
    return this.raw(`/api/threads/${thread}/genesis`, {});
  }

  async putBlob(thread: string, write: Bytes, blob: Bytes): Promise<void> {
    await this.ask(`/api/threads/${thread}/blobs`, { method: "POST", body: blob, headers: { "Content-Type": "application/octet-stream", ...writing(write) } });
  }

  blob(thread: string, request: Bytes, blob: string): Promise<Bytes> {
    return this.raw(`/api/threads/${thread}/blobs/${blob}`, reading(request));
  }

  async ticket(requests: readonly Bytes[]): Promise<string> {
    const ticket = (await this.post("/api/events", { requests })).named.get("ticket");
    return typeof ticket === "string" ? ticket : malformed();
  }

  // proof fetches a proof bundle; it is checked by whoever asked.
  proof(brand: string, path: string): Promise<Bytes> {
    return this.raw(`/proof/${brand}/${path}`, {});
  }

  private post(path: string, body: Tree, headers: Record<string, string> = {}): Promise<Fields> {
    return this.ask(path, { method: "POST", body: encode(body), headers: { "Content-Type": mediaType, ...headers } }).then(fieldsOf);
  }

  private get(path: string, headers: Record<string, string>): Promise<Fields> {
    return this.ask(path, { headers }).then(fieldsOf);
  }

  private raw(path: string, headers: Record<string, string>): Promise<Bytes> {
    return this.ask(path, { headers });
  }

  private async ask(path: string, init: RequestInit): Promise<Bytes> {
    let response: Response;
    let body: Bytes;
    try {
      response = await this.fetch(path, { ...init, cache: "no-store", redirect: "error", signal: AbortSignal.timeout(patience) });
      body = new Uint8Array(await response.arrayBuffer());
    } catch {
      throw new Failed("offline", 0);
    }
    if (!response.ok) throw failure(response.status, body);
    return body;
  }
}

const writing = (write: Bytes) => ({ "Stoa-Write": base64url(write) });
const reading = (request: Bytes) => ({ "Stoa-Device": base64url(request) });

const malformed = (): never => {
  throw new Failed("malformed", 200);
};

function fieldsOf(body: Bytes): Fields {
  if (!body.length) return new Fields(new Map(), body);
  const value = tryDecode(body);
  return value instanceof Fields ? value : malformed();
}

function tryDecode(body: Bytes): Value | undefined {
  try {
    return decode(body);
  } catch (error) {
    if (error instanceof Refused) return undefined;
    throw error;
  }
}

const words: Record<number, string> = { 401: "clock", 404: "unknown_thread", 409: "exists", 413: "too_large", 429: "busy", 503: "busy" };

function failure(status: number, body: Bytes): Failed {
  const value = tryDecode(body);
  const named = value instanceof Fields ? value.named : new Map<string, Value>();
  const [word, time, thread] = [named.get("error"), named.get("time"), named.get("thread")];
  return new Failed(
    typeof word === "string" && word ? word : (words[status] ?? "failed"),
    status,
    typeof time === "number" ? time : undefined,
    thread instanceof CID ? thread.text : undefined,
  );
}

function listOf(fields: Fields, name: string): Value[] {
  const value = fields.named.get(name) ?? [];
  return Array.isArray(value) ? value : malformed();
}

function bytesOf(fields: Fields, name: string): Bytes | undefined {
  const value = fields.named.get(name) ?? undefined;
  return value === undefined || value instanceof Uint8Array ? value : malformed();
}

function page(fields: Fields): Page {
  const next = fields.named.get("next") ?? 0;
  const envelopes = listOf(fields, "envelopes").map((v) => {
    const [n, bytes] = v instanceof Fields ? [v.named.get("n"), v.named.get("bytes")] : [];
    return typeof n === "number" && bytes instanceof Uint8Array ? { n, bytes } : malformed();
  });
  return { envelopes, next: typeof next === "number" ? next : malformed(), more: fields.named.get("more") === true };
}

function answer(fields: Fields): Answer {
  const results = listOf(fields, "results").map((v): Result => {
    const named = v instanceof Fields ? v.named : new Map<string, Value>();
    const [state, reason, seq, receipt] = ["state", "reason", "seq", "receipt"].map((name) => named.get(name));
    return {
      seq: typeof seq === "number" && seq > 0 ? seq : undefined,
      state: typeof state === "string" ? state : malformed(),
      reason: typeof reason === "string" ? reason : undefined,
      receipt: receipt instanceof Uint8Array ? (receipt as Bytes) : undefined,
    };
  });
  return { ...page(fields), results };
}
