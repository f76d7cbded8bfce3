// Sheets: what comes up over the conversation on a phone, and beside it on a desk.
import { add, type Child, h, iconButton } from "./dom";
import { say } from "./words";

export interface Sheet {
  readonly body: HTMLElement;
  readonly foot: HTMLElement;
  readonly dialog: HTMLDialogElement;
  title(words: string): void;
  close(): void;
  readonly open: boolean;
}

// sheet opens one; any other closes. gone is called however it was closed.
export function sheet(room: { readonly root: HTMLElement }, title: string, gone: () => void = () => {}): Sheet {
  const name = h("h2", { id: `sheet-${++made}`, tabindex: -1 }, title);
  const body = h("div", { class: "sheet-body" });
  const foot = h("footer", { class: "sheet-foot" });
  const dialog = h("dialog", { class: "sheet", "aria-labelledby": name.id });
  const close = (): void => dialog.close();
  add(dialog, h("header", { class: "sheet-head" }, name, iconButton("close", say("close"), close)), body, foot);
  dialog.addEventListener("click", (e) => {
    if (e.target === dialog) close();
  });
  dialog.addEventListener("close", () => {
    dialog.remove();
    gone();
  });
  for (const other of room.root.querySelectorAll<HTMLDialogElement>("dialog.sheet")) other.close();
  room.root.append(dialog);
  dialog.showModal();
  name.focus({ preventScroll: true });
  return {
    body,
    foot,
    dialog,
    title: (words) => void (name.textContent = words),
    close,
    get open() {
      return dialog.open;
    },
  };
}

let made = 0;

// field is a labelled input with room for what is wrong with it.
export interface Field {
  readonly element: HTMLElement;
  readonly input: HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement;
  wrong(words: string): void;
}

export function field(label: string, input: Field["input"], hint?: Child): Field {
  const id = `f${++made}`;
  input.id = id;
  const error = h("span", { class: "field-wrong", id: `${id}w`, hidden: true });
  const note = hint ? h("span", { class: "field-hint", id: `${id}h` }, hint) : undefined;
  input.setAttribute("aria-describedby", note ? `${id}h ${id}w` : `${id}w`);
  input.addEventListener("input", () => wrong(""));
  const wrong = (words: string): void => {
    error.textContent = words;
    error.hidden = words === "";
    if (words) input.setAttribute("aria-invalid", "true");
    else input.removeAttribute("aria-invalid");
  };
  return { element: h("p", { class: "field" }, h("label", { for: id }, label), input, note, error), input, wrong };
}

// sure asks before what can't be taken back.
export function sure(room: { readonly root: HTMLElement }, title: string, words: string, yes: string, act: () => void | Promise<void>): void {
  const s = sheet(room, title);
  s.dialog.classList.add("is-small");
  add(s.body, h("p", {}, words));
  add(
    s.foot,
    h("button", { type: "button", class: "button button-quiet", onclick: () => s.close() }, say("no")),
    h("button", { type: "button", class: "button", onclick: () => (s.close(), void act()) }, yes),
  );
}
