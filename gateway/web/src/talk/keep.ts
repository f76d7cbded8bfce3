// Keeping the conversation: the recovery code and the private link, offered at the first
// order, and how to be told of what is new.
import type { Callback, Engine, State } from "../thread/types";
import { Refusal } from "../thread/types";
import { add, button, fill, h, icon } from "./dom";
import { optional } from "./address";
import { picture } from "./qr";
import type { Room } from "./room";
import { field, sheet } from "./sheet";
import { data, say } from "./words";

const offered = `stoa.kept.${data.brand}`;

// offerKeeping opens the sheet by itself once, when the first order has been placed.
export function offerKeeping(room: Room, s: State): void {
  if (s.orders.size === 0 || wasOffered() || room.root.querySelector("dialog.sheet[open]")) return;
  note(offered);
  setTimeout(() => keepSheet(room, true), 900);
}

// brought says that the conversation came here by its private link: the recovery code of
// this browser is not the one that it hangs on.
export const brought = `stoa.brought.${data.brand}`;

const wasOffered = (): boolean => isNoted(offered) || isNoted(brought);

function isNoted(key: string): boolean {
  try {
    return localStorage.getItem(key) !== null;
  } catch {
    return true;
  }
}

export function note(key: string): void {
  try {
    localStorage.setItem(key, "1");
  } catch {
    // a browser that keeps nothing
  }
}

export function keepSheet(room: Room, after = false): void {
  const s = sheet(room, say(after ? "keep.after" : "keep"));
  const link = room.engine.link();
  const shown = h("div", { class: "qr-box", hidden: true });
  const share = typeof navigator.share === "function";
  add(
    s.body,
    h("p", {}, say(isNoted(brought) ? "keep.text.brought" : "keep.text", data.name)),
    !isNoted(brought) && section("key", say("keep.code"), say("keep.code.text"), h("p", { class: "code" }, room.engine.code()), h("p", { class: "verbs" }, copier(room, say("copy"), () => room.engine.code()))),
    section(
      "out",
      say("keep.link"),
      say("keep.link.text", data.name),
      h("p", { class: "verbs" }, copier(room, say("copy.link"), () => link), share && button(say("share"), () => void navigator.share({ title: data.name, url: link }).catch(() => {})), button(say("qr"), () => {
        if (!shown.firstChild) fill(shown, picture(link, say("qr.label")), h("p", { class: "muted" }, say("qr.text")));
        shown.hidden = !shown.hidden;
      })),
      shown,
    ),
    after && isOffered(room.engine) && section("bell", say("tell"), say("tell.text", data.name), tellForm(room)),
  );
  add(s.foot, button(say("keep.done"), () => s.close(), "button"));
}

function section(name: Parameters<typeof icon>[0], title: string, words: string, ...rest: (Node | false)[]): HTMLElement {
  return h("section", { class: "keep" }, h("h3", {}, icon(name), title), h("p", { class: "muted" }, words), rest);
}

export function copier(room: Room, label: string, text: () => string): HTMLElement {
  return button(label, () => void copy(text()).then((fine) => room.notice(say(fine ? "copied" : "copy.failed"))));
}

// copy works on pages without protection, too, where browsers have no clipboard for them.
async function copy(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const box = h("textarea", { readonly: true, class: "unseen" });
    box.value = text;
    (document.querySelector("dialog[open]") ?? document.body).append(box);
    box.select();
    const fine = document.execCommand("copy");
    box.remove();
    return fine;
  }
}

export function tellSheet(room: Room): void {
  const s = sheet(room, say("tell"));
  add(s.body, h("p", {}, say("tell.text", data.name)), tellForm(room, () => s.close()));
}

// offersOf is how the brand calls shoppers back.
const offersOf = (engine: Engine): NonNullable<State["offers"]> => engine.state.offers ?? { mail: false };

const canPush = (): boolean => isSecureContext && "serviceWorker" in navigator && "PushManager" in window;

export const sendsMail = (engine: Engine): boolean => offersOf(engine).mail;

// isOffered says whether the brand calls back in a way that this browser has.
export const isOffered = (engine: Engine): boolean => sendsMail(engine) || (offersOf(engine).push !== undefined && canPush());

// mailTo adds an address to how the shopper is called back.
export async function mailTo(engine: Engine, email: string): Promise<void> {
  const known = called(engine);
  if (known?.email !== email) await engine.callback({ email, ...(known?.push && { push: known.push }), on });
}

const called = (engine: Engine): Callback | undefined => engine.state.items.filter((i) => i.mine && i.kind === "callback" && i.state !== "refused").at(-1)?.body;

const on = ["commit", "reply", "shipment"] as const;

// pushButton asks the browser for notifications, beside mail if that was asked for.
function pushButton(room: Room, email: () => string, done: () => void): HTMLElement | false {
  const key = offersOf(room.engine).push;
  if (!key || !canPush()) return false;
  const ask = async (): Promise<void> => {
    try {
      const push = await room.engine.push(base64url(key));
      await room.engine.callback({ push, ...(email() && { email: email() }), on });
      room.notice(say("tell.on.push"));
      done();
    } catch (error) {
      const reason = error instanceof Refusal ? error.reason : "";
      room.notice(say(reason.startsWith("push_") ? `refused.${reason}` : "failed"));
    }
  };
  return button(say("tell.push"), () => void ask());
}

const base64url = (bytes: Uint8Array): string => btoa(String.fromCharCode(...bytes)).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");

// tellForm asks for an e-mail address, and says what for.
function tellForm(room: Room, done: () => void = () => {}): HTMLElement {
  const known = called(room.engine);
  const ordered = [...room.engine.state.orders.values()].at(-1)?.order.contact.email;
  const email = field(optional(say("email")), h("input", { type: "email", autocomplete: "email", inputmode: "email", maxlength: 254, dir: "ltr", value: known?.email ?? ordered ?? "" }), say("tell.email", data.name));
  const put = async (address: string | undefined): Promise<void> => {
    try {
      await (address ? mailTo(room.engine, address) : room.engine.callback(null));
      room.notice(say(address ? "tell.on" : "tell.off"));
      done();
    } catch (error) {
      room.notice(say("failed"));
      if (!(error instanceof Refusal)) throw error;
    }
  };
  const send = (e: Event): void => {
    e.preventDefault();
    const address = email.input.value.trim();
    const fine = /^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(address);
    email.wrong(fine ? "" : say("wrong.email"));
    if (fine) void put(address);
  };
  return h("form", { class: "form", novalidate: true, onsubmit: send as EventListener }, sendsMail(room.engine) && email.element, h("p", { class: "verbs" }, sendsMail(room.engine) && h("button", { type: "submit", class: "button button-quiet" }, say("tell.send")), pushButton(room, () => known?.email ?? "", done), known?.email && button(say("tell.stop"), () => void put(undefined))));
}
