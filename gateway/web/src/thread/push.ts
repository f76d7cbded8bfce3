// Being called back by Web Push: a subscription under the brand's own key, in a scope of
// its own, since a browser keeps one subscription for each scope.
import { fromBase64url } from "./keys";
import { type Push, Refusal } from "./types";

const worker = "/t/push-worker.js";

export async function subscribe(vapid: string, brand: string): Promise<Push> {
  const key = fromBase64url(vapid);
  const there = "serviceWorker" in navigator && "PushManager" in globalThis && globalThis.isSecureContext;
  if (!there || key?.length !== 65) throw new Refusal("push_unsupported");
  if ((await Notification.requestPermission()) !== "granted") throw new Refusal("push_denied");
  try {
    const registration = await navigator.serviceWorker.register(trusted(worker), { scope: `/t/${brand}/`, updateViaCache: "none" });
    await active(registration);
    const had = await registration.pushManager.getSubscription();
    if (had && !sameKey(had, key)) await had.unsubscribe();
    const made = await registration.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: key });
    return { endpoint: made.endpoint, p256dh: keyOf(made, "p256dh"), auth: keyOf(made, "auth") };
  } catch (error) {
    if (error instanceof Refusal) throw error;
    throw new Refusal("push_unsupported");
  }
}

interface Trust {
  createPolicy(name: string, rules: { createScriptURL(url: string): string }): { createScriptURL(url: string): string };
}

// trusted names the one script that pages may start as a worker.
function trusted(url: string): string {
  const { trustedTypes } = globalThis as { trustedTypes?: Trust };
  const rule = (u: string): string => {
    if (u !== worker) throw new TypeError("not the worker");
    return u;
  };
  return trustedTypes ? trustedTypes.createPolicy("stoa-worker", { createScriptURL: rule }).createScriptURL(url) : url;
}

function active({ active, installing, waiting }: ServiceWorkerRegistration): Promise<void> {
  const next = installing ?? waiting;
  if (active || !next) return Promise.resolve();
  return new Promise((done) => next.addEventListener("statechange", () => next.state === "activated" && done()));
}

function sameKey({ options }: PushSubscription, key: Uint8Array): boolean {
  const had = options.applicationServerKey && new Uint8Array(options.applicationServerKey);
  return had?.length === key.length && had.every((b, i) => b === key[i]);
}

function keyOf(made: PushSubscription, name: PushEncryptionKeyName): Uint8Array {
  const key = made.getKey(name);
  if (!key) throw new Refusal("push_unsupported");
  return new Uint8Array(key);
}
