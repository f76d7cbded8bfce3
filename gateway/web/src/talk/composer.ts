// Writing: a field that grows, a photo, a product, and what is being asked about.
import type { Engine, State } from "../thread/types";
import { Refusal } from "../thread/types";
import { fill, h, icon, iconButton } from "./dom";
import { pickProduct } from "./pick";
import { productCard } from "./productcard";
import type { Room } from "./room";
import { data, has, say } from "./words";

export const maxText = 4_000;

export interface Composer {
  readonly element: HTMLElement;
  about(product: string, variant?: string): void;
  follow(s: State): void;
}

export function composer(engine: Engine, sent: () => void): Composer {
  const draft = `stoa.draft.${data.brand}`;
  const box = h("textarea", { rows: 1, maxlength: maxText, placeholder: say("write", data.name), "aria-label": say("write", data.name), enterkeyhint: "enter", autocomplete: "off", dir: "auto" });
  const file = h("input", { type: "file", accept: "image/*", hidden: true, tabindex: -1 });
  const topic = h("div", { class: "topic", hidden: true });
  const problem = h("p", { class: "write-wrong", role: "alert", hidden: true });
  const send = h("button", { type: "submit", class: "send", disabled: true }, icon("send"), h("span", { class: "unseen" }, say("send")));
  const attach = h("div", { class: "attach" }, iconButton("photo", say("photo.send"), () => file.click()), iconButton("tag", say("product.ask"), () => pickProduct({ root: element.parentElement! }, about)));
  const element = h("form", { class: "talk-write", onsubmit: ((e: Event) => { e.preventDefault(); void post(); }) as EventListener }, topic, problem, h("div", { class: "write-row" }, attach, box, send), file);
  let asked: string | undefined;
  let closed = false;

  const grow = (): void => {
    box.style.height = "auto";
    box.style.height = `${Math.min(box.scrollHeight + 2, 160)}px`;
    send.disabled = closed || box.value.trim() === "";
    try {
      sessionStorage.setItem(draft, box.value);
    } catch {
      // kept on the page alone
    }
  };
  const wrong = (words: string): void => {
    problem.textContent = words;
    problem.hidden = words === "";
  };
  const attempt = async (work: Promise<void>): Promise<boolean> => {
    wrong("");
    try {
      await work;
      sent();
      return true;
    } catch (error) {
      const reason = error instanceof Refusal ? error.reason : "";
      wrong(say(has(`refused.${reason}`) ? `refused.${reason}` : "failed", data.name));
      return false;
    }
  };
  const post = async (): Promise<void> => {
    const text = box.value.trim();
    if (!text || closed) return;
    const about = asked;
    box.value = "";
    forget();
    grow();
    box.focus();
    if (await attempt(engine.say(text, about))) return;
    box.value = text;
    grow();
  };
  const forget = (): void => {
    asked = undefined;
    topic.hidden = true;
    box.placeholder = say("write", data.name);
    topic.replaceChildren();
  };
  const about = (product: string, variant?: string): void => {
    asked = product;
    topic.hidden = false;
    fill(topic, productCard(product, variant, {} as Room, true), iconButton("close", say("product.drop"), forget));
    box.placeholder = say("write.about");
    box.focus();
  };

  box.addEventListener("input", grow);
  box.addEventListener("keydown", (e) => {
    const desk = matchMedia("(hover: hover) and (pointer: fine)").matches;
    if (e.key === "Enter" && !e.shiftKey && !e.isComposing && (desk || e.ctrlKey || e.metaKey)) {
      e.preventDefault();
      void post();
    }
  });
  file.addEventListener("change", () => {
    const picked = file.files?.[0];
    file.value = "";
    if (picked) void attempt(engine.photo(picked));
  });
  element.addEventListener("dragover", (e) => e.preventDefault());
  box.addEventListener("paste", (e) => {
    const picked = [...(e.clipboardData?.files ?? [])].find((f) => f.type.startsWith("image/"));
    if (!picked) return;
    e.preventDefault();
    void attempt(engine.photo(picked));
  });
  box.value = sessionStorage.getItem(draft) ?? "";
  queueMicrotask(grow);
  return {
    element,
    about,
    follow: (s) => {
      closed = s.trouble !== undefined && s.trouble !== "busy" && s.trouble !== "quota";
      box.disabled = closed;
      element.classList.toggle("is-closed", closed);
      send.disabled = closed || box.value.trim() === "";
    },
  };
}
