// The room in which shopper and brand talk: head, history, writing. It joins the parts
// and follows the engine's state.
import type { Engine, State, Trouble } from "../thread/types";
import { cartButton, cartSheet } from "./cartsheet";
import { checkout } from "./checkout";
import { composer } from "./composer";
import { add, fill, h, icon, iconButton } from "./dom";
import { history } from "./history";
import { offerKeeping } from "./keep";
import { menu } from "./menu";
import { isHandle } from "./cart";
import { data, say } from "./words";

// Room is what the parts of the page share.
export interface Room {
  readonly engine: Engine;
  readonly root: HTMLElement;
  // about puts a product into the composer, to be asked about.
  about(product: string, variant?: string): void;
  // show scrolls to an entry.
  show(id: string): void;
  notice(text: string): void;
}

export function room(root: HTMLElement, engine: Engine, problem?: string): void {
  const bar = h("div", { class: "talk-bar", role: "status", hidden: true });
  const past = history();
  const write = composer(engine, () => past.newest());
  const here: Room = {
    engine,
    root,
    about: write.about,
    show: past.show,
    notice: (text) => notice(root, text),
  };
  root.querySelector(".talk-head")?.append(cartButton(here), iconButton("more", say("menu"), () => menu(here), "icon-button talk-more", { "aria-haspopup": "dialog" }));
  add(root, bar, past.element, write.element);
  past.attach(here);
  engine.subscribe((s) => {
    tellState(bar, s);
    write.follow(s);
    past.follow(s);
    offerKeeping(here, s);
  });
  keyboard(root);
  if (problem) here.notice(problem);
  follow(here);
}

// follow does what the address asks for: a question about a product, a purchase, the
// cart. The address then forgets it, so that a reload doesn't ask again.
function follow(here: Room): void {
  const asked = new URLSearchParams(location.search);
  const [about, buy, variant = ""] = [asked.get("about"), asked.get("buy"), asked.get("variant") ?? undefined];
  if (about === null && buy === null && !asked.has("cart")) return;
  window.history.replaceState(window.history.state, "", location.pathname);
  if (about && isHandle(about)) here.about(about, isHandle(variant) ? variant : undefined);
  else if (buy && isHandle(buy) && isHandle(variant)) checkout(here, [{ product: buy, variant, quantity: 1 }], false);
  else if (asked.has("cart")) cartSheet(here);
}

// tellState says under the head what the shopper has to know: the worst first.
function tellState(bar: HTMLElement, s: State): void {
  const words = s.trouble ? say(`trouble.${s.trouble satisfies Trouble}`, data.name) : !s.online ? say("offline") : !s.protected ? say("unprotected") : !s.persisted ? say("passing") : (data.stale ?? "");
  if (bar.dataset["words"] === words) return;
  bar.dataset["words"] = words;
  bar.hidden = words === "";
  bar.classList.toggle("is-grave", Boolean(s.trouble) || (s.online && !s.protected));
  if (words) fill(bar, icon("mind"), h("span", {}, words));
}

// notice says something in passing.
function notice(root: HTMLElement, text: string): void {
  for (const old of root.querySelectorAll(".talk-notice")) old.remove();
  const box = h("p", { class: "talk-notice", role: "status" }, text);
  root.append(box);
  setTimeout(() => box.remove(), Math.max(4_000, text.length * 70));
}

// keyboard keeps the room as high as what the on-screen keyboard leaves of the window.
function keyboard(root: HTMLElement): void {
  const view = window.visualViewport;
  if (!view) return;
  const fit = (): void => {
    root.style.setProperty("--room-height", `${view.height}px`);
    root.style.setProperty("--room-top", `${view.offsetTop}px`);
    root.classList.toggle("has-keyboard", innerHeight - view.height > 120);
  };
  view.addEventListener("resize", fit);
  view.addEventListener("scroll", fit);
  fit();
}
