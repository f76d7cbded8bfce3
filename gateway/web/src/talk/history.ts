// The history of the conversation: rows for days, unread, bubbles and cards, kept in
// step with the engine without redrawing what stays.
import type { Item, State } from "../thread/types";
import { entry, isNote, isShown } from "./entry";
import { button, h, icon } from "./dom";
import type { Room } from "./room";
import { count, data, dayOf, sameDay, say } from "./words";

interface Row {
  readonly key: string;
  readonly stamp: string; // what the element was made from
  make(): HTMLElement;
}

export interface History {
  readonly element: HTMLElement;
  attach(room: Room): void;
  follow(s: State): void;
  newest(): void;
  show(id: string): void;
}

// step is how many entries are drawn at first, and how many more on demand.
const step = 120;
// priced are kinds that each price asked for brings: only the last of them matters.
const priced = new Set(["quote", "quote.ask"]);
const together = 600_000; // apart by less, bubbles of one speaker stand together

export function history(): History {
  const list = h("ol", { class: "rows" });
  const frame = h("div", { class: "talk-rows", tabindex: 0, role: "log", "aria-label": say("log") }, list);
  const down = h("button", { type: "button", class: "talk-down", hidden: true, onclick: () => newest() }, icon("down"), h("span", { class: "unseen" }, say("newest")), h("b", { class: "badge" }));
  const element = h("div", { class: "talk-past" }, frame, down);
  const place = `stoa.place.${data.brand}`;
  let here: Room;
  let last: State | undefined;
  let drawn = new Map<string, { stamp: string; element: HTMLElement }>();
  let shown = step;
  let line: string | undefined; // the first unread entry when the page was opened
  let first = true;

  const low = (): boolean => frame.scrollHeight - frame.scrollTop - frame.clientHeight < 90;
  const newest = (): void => frame.scrollTo({ top: frame.scrollHeight, behavior: calm() ? "auto" : "smooth" });
  const seen = (): void => {
    if (last && last.unread > 0 && document.visibilityState === "visible" && low()) void here.engine.read();
  };

  const draw = (s: State): void => {
    const stayed = low();
    const last = s.items.filter((i) => priced.has(i.kind)).at(-1);
    const items = s.items.filter((i) => isShown(i) && (!priced.has(i.kind) || (i === last && !used(i, s))));
    if (first && s.unread > 0) line = items.filter((i) => !i.mine).at(-s.unread)?.id;
    const rows = rowsOf(items.slice(-shown), s, here, line);
    if (items.length > shown) rows.unshift(earlier());
    if (items.length === 0) rows.push({ key: "empty", stamp: "", make: () => h("li", { class: "row-empty" }, h("p", {}, say("empty", data.name)), h("p", {}, say("empty.more"))) });
    reconcile(rows);
    if (first) settle();
    else if (stayed) frame.scrollTo({ top: frame.scrollHeight });
    point(s);
  };

  const earlier = (): Row => ({
    key: "earlier",
    stamp: String(shown),
    make: () =>
      h("li", { class: "row-day" }, button(say("earlier"), () => {
        const from = frame.scrollHeight - frame.scrollTop;
        shown += step;
        if (last) draw(last);
        frame.scrollTop = frame.scrollHeight - from;
      })),
  });

  const reconcile = (rows: readonly Row[]): void => {
    const next = new Map<string, { stamp: string; element: HTMLElement }>();
    let at: Element | null = list.firstElementChild;
    for (const row of rows) {
      const old = drawn.get(row.key);
      const kept = old?.stamp === row.stamp ? old : { stamp: row.stamp, element: row.make() };
      if (old && old !== kept) old.element.replaceWith(kept.element);
      if (old !== kept && at === old?.element) at = kept.element;
      if (!first && !old) kept.element.classList.add("is-new");
      next.set(row.key, kept);
      if (at === kept.element) at = at.nextElementSibling;
      else list.insertBefore(kept.element, at);
    }
    for (const [key, { element }] of drawn) if (!next.has(key)) element.remove();
    drawn = next;
  };

  // settle finds the place to begin at: the unread line, where the shopper was, or the end.
  const settle = (): void => {
    first = false;
    const kept = Number(sessionStorage.getItem(place) ?? NaN);
    const unread = drawn.get("unread")?.element;
    if (unread) frame.scrollTop = unread.offsetTop - frame.clientHeight / 4;
    else if (Number.isFinite(kept)) frame.scrollTop = frame.scrollHeight - frame.clientHeight - kept;
    else frame.scrollTop = frame.scrollHeight;
    new ResizeObserver(() => stuck && frame.scrollTo({ top: frame.scrollHeight })).observe(list);
    new ResizeObserver(() => stuck && frame.scrollTo({ top: frame.scrollHeight })).observe(frame);
    stuck = low();
  };

  let stuck = true; // to the end
  const point = (s: State): void => {
    const away = !low();
    down.hidden = !away;
    const badge = down.querySelector("b")!;
    badge.textContent = s.unread > 0 ? String(Math.min(s.unread, 99)) : "";
    badge.hidden = s.unread === 0;
    seen();
  };

  frame.addEventListener("scroll", () => {
    stuck = low();
    if (last) point(last);
    sessionStorage.setItem(place, String(Math.max(0, Math.round(frame.scrollHeight - frame.clientHeight - frame.scrollTop))));
  }, { passive: true });
  document.addEventListener("visibilitychange", seen);

  return {
    element,
    newest,
    attach: (room) => {
      here = room;
    },
    follow: (s) => {
      last = s;
      draw(s);
    },
    show: (id) => {
      const target = drawn.get(id)?.element;
      target?.scrollIntoView({ block: "center", behavior: calm() ? "auto" : "smooth" });
      target?.classList.add("is-pointed");
      setTimeout(() => target?.classList.remove("is-pointed"), 1500);
    },
  };
}

const calm = (): boolean => matchMedia("(prefers-reduced-motion: reduce)").matches;

function rowsOf(items: readonly Item[], s: State, here: Room, line: string | undefined): Row[] {
  const rows: Row[] = [];
  items.forEach((item, at) => {
    const [before, after] = [items[at - 1], items[at + 1]];
    if (!before || !sameDay(before.time, item.time)) {
      const words = dayOf(item.time);
      rows.push({ key: `day ${new Date(item.time).toDateString()} ${rows.length ? "" : "first"}`, stamp: words, make: () => h("li", { class: "row-day" }, h("span", {}, words)) });
    }
    if (item.id === line) rows.push({ key: "unread", stamp: "", make: () => h("li", { class: "row-unread" }, h("span", {}, say("unread"))) });
    const ends = !after || !follows(item, after) || after.id === line;
    const begins = !before || !follows(before, item) || item.id === line;
    const order = item.kind === "order" ? s.orders.get(item.id) : undefined;
    const last = item.mine && !items.slice(at + 1).some((i) => i.mine && i.state === item.state && !isNote(i));
    rows.push({
      key: item.id,
      stamp: [item.state, item.reason, begins, ends, last, order && `${order.events.length}${order.state}${order.payment}${order.fulfilment}${order.return}${order.canCancel}${order.canReturn}`, item.kind === "quote" && used(item, s)].join(),
      make: () => entry(item, { room: here, state: s, begins, ends, marked: last }),
    });
  });
  return rows;
}

function follows(a: Item, b: Item): boolean {
  return a.mine === b.mine && !isNote(a) && !isNote(b) && b.time - a.time < together && sameDay(a.time, b.time);
}

// used says whether the quote has been ordered on.
const used = (quote: Item, s: State): boolean => s.items.some((i) => i.kind === "order" && i.body?.quote === quote.id && i.state !== "refused");

export const unreadWords = (n: number): string => count("new", n);
