import { find } from "./find";

// signature has the page checked when it is loaded and nothing else is to be done.
// What checks is a script of its own: a page costs no more until then.
export function signature(): void {
  const [line] = find<HTMLElement>("[data-script]");
  if (!line) return;
  const start = (): void => void run(line).catch(() => {}); // the line stays as it came
  const idle = (): void => void (window.requestIdleCallback ?? setTimeout)(start);
  if (document.readyState === "complete") idle();
  else addEventListener("load", idle, { once: true });
}

async function run(line: HTMLElement): Promise<void> {
  const { script = "", integrity = "" } = line.dataset;
  await preload(script, integrity);
  const { watch }: typeof import("../check") = await import(script);
  await watch(line);
}

// preload fetches a module whose content must have that hash: import takes it from
// there, and has no way of its own to say so.
async function preload(href: string, integrity: string): Promise<void> {
  const link = document.createElement("link");
  if (!link.relList.supports("modulepreload")) return void (await fetch(href, { integrity }));
  return new Promise((done, failed) => {
    Object.assign(link, { rel: "modulepreload", href, integrity, onload: done, onerror: failed });
    document.head.append(link);
  });
}
