// Choosing a product to ask about: what was looked at last, and a search in the shop.
import { add, fill, h, said } from "./dom";
import { goods, variantOf } from "./goods";
import { thumb } from "./productcard";
import { read } from "./cart";
import { seen } from "./seen";
import { sheet } from "./sheet";
import { data, money, say } from "./words";

const most = 12;

export function pickProduct(room: { readonly root: HTMLElement }, take: (product: string) => void): void {
  const s = sheet(room, say("product.ask"));
  const words = h("input", { type: "search", placeholder: say("product.search"), "aria-label": say("product.search"), maxlength: 100, enterkeyhint: "search", autocomplete: "off" });
  const list = h("ul", { class: "picks" });
  add(s.body, h("form", { class: "pick-form", role: "search", onsubmit: ((e: Event) => { e.preventDefault(); void find(); }) as EventListener }, words), list);
  const show = (handles: readonly string[], none: string): void => {
    fill(list, handles.length === 0 && h("li", { class: "muted" }, none));
    for (const handle of handles.slice(0, most)) list.append(row(handle, () => (s.close(), take(handle))));
  };
  let round = 0;
  const find = async (): Promise<void> => {
    const mine = ++round;
    const q = words.value.trim();
    const found = q ? await search(`${data.base}/search?q=${encodeURIComponent(q)}`) : await start();
    if (mine === round && s.open) show(found, say(q ? "product.none" : "product.none.yet"));
  };
  let waiting = 0;
  words.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = window.setTimeout(() => void find(), 250);
  });
  void find();
}

async function start(): Promise<string[]> {
  const near = [...seen(data.brand), ...read(data.brand).map((l) => l.product)];
  const list = near.length < 6 ? [...near, ...(await search(`${data.base}/c/all`))] : near;
  return [...new Set(list)];
}

function row(handle: string, take: () => void): HTMLElement {
  const picture = h("span", { class: "thumb" });
  const words = h("span", { class: "lines" });
  const item = h("li", {}, h("button", { type: "button", onclick: take }, picture, words));
  void goods(handle).then((g) => {
    const v = g && variantOf(g);
    if (!g || !v) return item.remove();
    picture.replaceWith(thumb(v.picture));
    fill(words, h("b", {}, said(g.title)), h("span", { class: "muted" }, v.offer ? money(v.offer.price) : say("class.none")));
  });
  return item;
}

// search reads the products from a page of the shop. What it finds is only names: what
// is shown of them is proven.
function search(address: string): Promise<string[]> {
  return new Promise((done) => {
    const ask = new XMLHttpRequest();
    ask.responseType = "document";
    ask.onerror = () => done([]);
    ask.onload = () => {
      const links = [...(ask.response as Document | null)?.querySelectorAll<HTMLAnchorElement>(".card h3 a") ?? []];
      done(links.flatMap((a) => /\/p\/([A-Za-z0-9._-]+)/.exec(a.getAttribute("href") ?? "")?.[1] ?? []));
    };
    ask.open("GET", address);
    ask.send();
  });
}
