// The page of all conversations that this browser has on this server.
import type { Item, Shop } from "../thread/types";
import { h, said } from "./dom";
import { known } from "./known";
import { told } from "./notes";
import { clock, count, dayOf, sameDay, say } from "./words";

export async function shops(root: HTMLElement, mine: () => Promise<readonly Shop[]>): Promise<void> {
  try {
    const list = [...(await mine())].sort((a, b) => (b.last?.time ?? 0) - (a.last?.time ?? 0));
    root.append(list.length ? h("ul", { class: "shop-list" }, list.map(row)) : h("p", { class: "empty" }, say("shops.none")));
  } catch (error) {
    console.error(error);
    root.append(h("p", { class: "empty", role: "alert" }, say("trouble.start")));
  }
}

function row(s: Shop): HTMLElement {
  const there = known()[s.brand];
  const name = there?.name ?? s.brand.slice(0, 12);
  const url = `/t/${s.base ? s.base.replace(/^\/@/, "") : ""}`;
  const time = s.last && (sameDay(s.last.time, Date.now()) ? clock(s.last.time) : dayOf(s.last.time));
  return h(
    "li",
    { class: s.unread ? "has-unread" : "" },
    h("img", { class: "shop-face", src: `${s.base}/favicon.svg`, alt: "", width: 48, height: 48 }),
    h("span", { class: "lines" }, h("a", { href: url }, said(name)), s.last && h("span", { class: "muted" }, said(summary(s.last)))),
    h("span", { class: "line-end" }, time && h("span", { class: "muted" }, time), s.unread > 0 && h("b", { class: "badge" }, String(Math.min(99, s.unread)), h("span", { class: "unseen" }, ` ${count("new", s.unread)}`))),
  );
}

// summary is an entry in a few words.
function summary(i: Item): string {
  if (i.body === undefined) return say("erased");
  if (typeof i.body.text === "string" && i.body.text) return i.body.text.slice(0, 140);
  if (i.kind === "photo") return say("photo");
  if (i.kind === "card") return say("product");
  if (i.kind === "quote" || i.kind === "order") return say(i.kind);
  return told(i);
}
