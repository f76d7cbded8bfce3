// The script that wakes up when a brand calls back. It shows what the message says, since
// a browser takes the subscription away from who stays silent, and knows no keys: the
// conversation itself is read when it is opened.
interface Message {
  readonly brand: string;
  readonly thread: string;
  readonly title: string;
  readonly text: string;
}

interface Waking extends Event {
  readonly data?: { json(): unknown } | null;
  readonly notification?: Notification;
  waitUntil(done: Promise<unknown>): void;
}

interface Worker {
  readonly registration: ServiceWorkerRegistration;
  readonly clients: {
    matchAll(o: { type: "window"; includeUncontrolled: boolean }): Promise<readonly { readonly url: string; focus(): Promise<unknown> }[]>;
    openWindow(url: string): Promise<unknown>;
  };
  skipWaiting(): Promise<void>;
  addEventListener(name: string, run: (event: Waking) => void): void;
}

const worker = globalThis as unknown as Worker;

worker.addEventListener("install", (event) => event.waitUntil(worker.skipWaiting()));

worker.addEventListener("push", (event) => {
  const { title, text, brand, thread } = read(event);
  // One notice for each conversation: the next takes its place.
  event.waitUntil(worker.registration.showNotification(title, { body: text, tag: thread, icon: "/favicon.ico", data: { brand } }));
});

worker.addEventListener("notificationclick", (event) => {
  const brand: unknown = (event.notification?.data as { brand?: unknown } | undefined)?.brand;
  event.notification?.close();
  event.waitUntil(show(`/t/${typeof brand === "string" ? encodeURIComponent(brand) : ""}`));
});

// show goes to the conversation where it is open, or opens it.
async function show(path: string): Promise<void> {
  const scope = new URL(worker.registration.scope).pathname;
  for (const client of await worker.clients.matchAll({ type: "window", includeUncontrolled: true })) {
    const { pathname } = new URL(client.url);
    if (pathname.startsWith(path) || pathname.startsWith(scope)) return void (await client.focus());
  }
  await worker.clients.openWindow(path);
}

function read({ data }: Waking): Message {
  const told = parse(data);
  const text = (name: keyof Message, max: number): string => {
    const value = told[name];
    return typeof value === "string" ? value.slice(0, max) : "";
  };
  return { title: text("title", 100) || worker.registration.scope, text: text("text", 300), brand: text("brand", 64), thread: text("thread", 64) };
}

function parse(data: Waking["data"]): Record<string, unknown> {
  try {
    const value = data?.json();
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
