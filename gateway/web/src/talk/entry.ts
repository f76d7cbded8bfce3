// One entry as it is shown: a bubble, a card, or a note between them.
import type { Item, State } from "../thread/types";
import { card, isCard } from "./cards";
import { isHandle } from "./cart";
import { add, h, icon, said } from "./dom";
import { noteOf } from "./notes";
import { photo } from "./photo";
import { productCard } from "./productcard";
import type { Room } from "./room";
import { clock, data, has, moment, say } from "./words";

export interface Setting {
  readonly room: Room;
  readonly state: State;
  readonly begins: boolean; // a run of bubbles
  readonly ends: boolean;
  readonly marked: boolean; // carries the delivery mark
}

// quiet are kinds that change something and say nothing.
const quiet = new Set(["callback", "rekey", "rekey.please", "dev.add", "dev.del", "order.number", "quote.ask", "erase"]);
const notes = new Set(["payment", "shipment", "delivered", "refund", "cancel", "expire", "return", "return.answer", "return.received", "erased"]);

// isShown says whether an entry has a place of its own in the history.
export function isShown({ kind, state, body }: Item): boolean {
  if (kind === "quote.ask") return state === "sending" || state === "stored" || state === "received";
  if (kind === "order.number") return false;
  return !quiet.has(kind) || (state === "refused" && body !== undefined);
}

export const isNote = (i: Item): boolean => notes.has(i.kind);

export function entry(item: Item, s: Setting): HTMLElement {
  const row = h("li", { class: `entry ${item.mine ? "is-mine" : "is-theirs"}${s.begins ? " begins" : ""}${s.ends ? " ends" : ""} is-${item.state}`, "data-id": item.id });
  if (isNote(item)) {
    row.className = `entry row-note is-${item.state}`;
    return add(row, noteOf(item, s));
  }
  add(row, h("span", { class: "unseen" }, say(item.mine ? "by.me" : "by.them", data.name)), inside(item, s));
  add(row, h("p", { class: "row-foot" }, h("time", { datetime: new Date(item.time).toISOString() }, clock(item.time)), item.mine && mark(item, s.marked)));
  row.addEventListener("click", (e) => {
    if (!(e.target as Element).closest("a, button, input, details")) row.classList.toggle("is-open");
  });
  return row;
}

function inside(item: Item, s: Setting): HTMLElement {
  if (item.state === "erased" || item.body === undefined) return h("div", { class: "bubble is-gone" }, say("erased"));
  if (isCard(item)) return card(item, s);
  switch (item.kind) {
    case "text":
      return text(item.body.text, item.body.about, s);
    case "photo":
      return photo(item.body, s.room.engine);
    case "card":
      return h("div", { class: "stack" }, productCard(item.body.product, item.body.variant, s.room), item.body.text && h("div", { class: "bubble" }, written(item.body.text)));
  }
  return h("div", { class: "bubble is-gone" }, say("unknown"));
}

function text(words: string, about: string | undefined, s: Setting): HTMLElement {
  const bubble = h("div", { class: "bubble" }, written(words));
  return about && isHandle(about) ? h("div", { class: "stack" }, productCard(about, undefined, s.room, true), bubble) : bubble;
}

// written shows text as it was written: its own direction, its line breaks, and its
// plain web addresses to be followed. Nothing else in it means anything.
export function written(text: string): HTMLElement {
  const out = h("p", { class: "written", dir: "auto" });
  let at = 0;
  for (const match of text.matchAll(/https?:\/\/[A-Za-z0-9.-]+(?::\d+)?(?:\/[!-~]*)?/g)) {
    const address = match[0].replace(/[.,;:!?)\]'"]+$/, "");
    add(out, said(text.slice(at, match.index)), h("a", { href: address, target: "_blank", rel: "noopener noreferrer nofollow ugc" }, said(address)));
    at = match.index + address.length;
  }
  return add(out, said(text.slice(at)));
}

const ticks = { sending: "M12 7v5l3 2M12 4a8 8 0 1 0 0 16 8 8 0 0 0 0-16", stored: "m6 12.5 4 4 8-9", received: "m2.5 12.5 4 4 8-9M11.5 16l.5.5 8-9", committed: "m2.5 12.5 4 4 8-9M11.5 16l.5.5 8-9" } as const;

// mark says truly how far an own entry has come.
function mark(item: Item, visible: boolean): HTMLElement {
  const why = item.state === "refused" ? say(has(`refused.${item.reason}`) ? `refused.${item.reason}` : "refused", data.name) : say(`state.${item.state}`, data.name);
  const shape = item.state in ticks ? tick(ticks[item.state as keyof typeof ticks]) : icon("mind", "tick");
  return h("span", { class: `mark-of is-${item.state}`, title: `${why} · ${moment(item.time)}` }, shape, h("span", { class: visible || item.state === "refused" ? "mark-words" : "unseen" }, why));
}

function tick(d: string): SVGElement {
  const shape = icon("check", "tick");
  shape.firstElementChild?.setAttribute("d", d);
  return shape;
}
