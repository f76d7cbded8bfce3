// How the pages of a conversation are built: elements and text, never HTML. What
// strangers wrote is text wherever it goes.
export type Child = Node | string | number | undefined | null | false | readonly Child[];
type Attributes = Readonly<Record<string, string | number | boolean | undefined | EventListener>>;

// h makes an element. An attribute that is undefined or false is left out; one whose name
// begins with "on" is a listener.
export function h<K extends keyof HTMLElementTagNameMap>(tag: K, attributes: Attributes = {}, ...children: Child[]): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(name.slice(2), value);
    else if (value !== undefined && value !== false) element.setAttribute(name, value === true ? "" : String(value));
  }
  return add(element, ...children);
}

export function add<E extends Element>(element: E, ...children: Child[]): E {
  for (const child of children.flat(9) as Child[]) {
    if (child !== undefined && child !== null && child !== false) element.append(child instanceof Node ? child : String(child));
  }
  return element;
}

export function fill<E extends Element>(element: E, ...children: Child[]): E {
  element.replaceChildren();
  return add(element, ...children);
}

// said isolates what somebody else wrote, so that its direction ends with it.
export function said(text: string): HTMLElement {
  return h("bdi", {}, text);
}

const svg = "http://www.w3.org/2000/svg";

export function vector(tag: string, attributes: Readonly<Record<string, string | number>>, ...children: Element[]): SVGElement {
  const element = document.createElementNS(svg, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
  element.append(...children);
  return element;
}

const paths = {
  close: "m6 6 12 12M18 6 6 18",
  back: "m14.5 5-7 7 7 7",
  more: "M5 12h.01M12 12h.01M19 12h.01",
  plus: "M12 5v14M5 12h14",
  minus: "M5 12h14",
  send: "M12 19V5M5.5 11.5 12 5l6.5 6.5",
  down: "m6 9.5 6 6 6-6",
  photo: "M4 7.5A1.5 1.5 0 0 1 5.5 6H8l1.5-2h5L16 6h2.5A1.5 1.5 0 0 1 20 7.5v10a1.5 1.5 0 0 1-1.5 1.5h-13A1.5 1.5 0 0 1 4 17.5zM12 9a3.5 3.5 0 1 0 0 7 3.5 3.5 0 0 0 0-7",
  bag: "M5.5 8.5h13l1 11.5h-15zM9 8.5V7a3 3 0 0 1 6 0v1.5",
  tag: "M4 4h7.5l8.5 8.5-7.5 7.5L4 11.5zM8 8h.01",
  box: "m12 3.5 8 4.2v8.6l-8 4.2-8-4.2V7.7zM4.2 7.8 12 12l7.8-4.2M12 12v8.3",
  coin: "M3.5 6.5h17v11h-17zM12 9.5a2.5 2.5 0 1 0 0 5 2.5 2.5 0 0 0 0-5M6.5 12h.01M17.5 12h.01",
  turn: "M8.5 5 4.5 9l4 4M4.5 9H15a4.5 4.5 0 0 1 0 9h-4",
  stop: "M12 3.5a8.5 8.5 0 1 0 0 17 8.5 8.5 0 0 0 0-17M6.2 6.2l11.6 11.6",
  check: "m5 12.5 4.5 4.5L19 7.5",
  note: "M6 3.5h8.5l4 4v13H6zM9 11h6M9 15h6",
  key: "M14.5 4.5a5 5 0 1 0 0 10 5 5 0 0 0 0-10M11 13l-6.5 6.5M7 17l2 2",
  bell: "M6 16.5V11a6 6 0 0 1 12 0v5.5l1.5 1.5h-15zM10 20.5h4",
  phone: "M8 3.5h8a1 1 0 0 1 1 1v15a1 1 0 0 1-1 1H8a1 1 0 0 1-1-1v-15a1 1 0 0 1 1-1M11 17.5h2",
  save: "M12 4v11M7.5 11 12 15.5 16.5 11M4.5 19.5h15",
  bin: "M5 6.5h14M9.5 6.5V4h5v2.5M7 6.5l1 13.5h8l1-13.5",
  mind: "M12 4 2.8 19.5h18.4zM12 10v4.2M12 16.8v.1",
  gift: "M4.5 10h15v10h-15zM3.5 6.5h17V10h-17zM12 6.5V20M12 6.5C9 6.5 7.5 5.5 8 4s3.5-.5 4 2.5c.5-3 3.5-4 4-2.5s-1 2.5-4 2.5",
  out: "M14 4.5h5.5V10M19 5l-8.5 8.5M10 6H5v13h13v-5",
} as const;

export type Picture = keyof typeof paths;

export function icon(name: Picture, className = "icon"): SVGElement {
  return vector("svg", { class: className, viewBox: "0 0 24 24", "aria-hidden": "true" }, vector("path", { d: paths[name] }));
}

// button is quiet unless it is the one thing to do next.
export function button(label: Child, act: (event: Event) => void, className = "button button-quiet", attributes: Attributes = {}): HTMLButtonElement {
  return h("button", { type: "button", class: className, ...attributes, onclick: act as EventListener }, label);
}

export function iconButton(name: Picture, label: string, act: (event: Event) => void, className = "icon-button", attributes: Attributes = {}): HTMLButtonElement {
  return h("button", { type: "button", class: className, ...attributes, onclick: act as EventListener }, icon(name), h("span", { class: "unseen" }, label));
}
