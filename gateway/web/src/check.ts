// What checks a product page once it is usable: the proof of what the brand signed,
// whether that is what the page shows, and whether this browser has seen later.
import { agrees } from "./ts/claims";
import { find } from "./ts/find";
import { type Finding, judge, toneOf, unshown } from "./ts/finding";
import { localMemory, offers, remember, type ShownHead, verifyBundle } from "./verify";

// old is when "just now" isn't true any more, in milliseconds.
const old = 300_000;

// watch checks now, and again when the shopper comes back to the page later.
export async function watch(line: HTMLElement): Promise<void> {
  let last = Date.now();
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState !== "visible" || Date.now() - last < old) return;
    last = Date.now();
    void check(line);
  });
  await check(line);
}

async function check(line: HTMLElement): Promise<void> {
  const { finding, head } = await examine(line);
  tell(line, finding, head);
}

interface Examined {
  readonly finding: Finding;
  readonly head?: ShownHead;
}

async function examine(line: HTMLElement): Promise<Examined> {
  const { brand = "", proof = "", state = "" } = line.dataset;
  const product = line.closest<HTMLElement>("[data-product]");
  const bytes = await load(proof);
  if (!bytes || !product) return { finding: "offline" };
  const shown = await verifyBundle(bytes, { brand, now: Date.now() });
  if (shown.ok !== true) return { finding: unshown(shown) };
  if (shown.path !== `product/${product.dataset["product"]}` || shown.scope !== "group") return { finding: "invalid" };
  return { finding: judge(shown, remember(shown, localMemory()), agrees(product, offers(shown)), state), head: shown.head };
}

// load returns nothing when the proof can't be had.
async function load(address: string): Promise<Uint8Array<ArrayBuffer> | undefined> {
  try {
    const answer = await fetch(address, { cache: "no-store" });
    return answer.ok ? new Uint8Array(await answer.arrayBuffer()) : undefined;
  } catch {
    return undefined;
  }
}

interface Words {
  readonly line: string;
  readonly what: string;
  readonly did: string;
}

function tell(line: HTMLElement, finding: Finding, head: ShownHead | undefined): void {
  const data = document.getElementById("findings");
  const words = (JSON.parse(data?.textContent ?? "{}") as Record<Finding, Words>)[finding];
  const tone = toneOf(finding);
  Object.assign(line.dataset, { finding, tone });
  write(line, { ...words, ...(head && details(head)) });
  for (const row of find("[data-checked]", line)) row.hidden = !head;
  for (const alarm of find(".alarm")) alarm.remove();
  if (tone === "warn" && finding !== line.dataset["state"]) warn(line, words, data?.dataset["more"] ?? "");
}

function details({ cid, epoch, seq, time }: ShownHead): Record<string, string> {
  const now = new Date().toLocaleString(document.documentElement.lang, { dateStyle: "long", timeStyle: "long" });
  return { head: cid, seq: `${epoch}.${seq}`, time: new Date(time).toISOString().replace(/\.\d+/, ""), checked: now };
}

function write(line: HTMLElement, texts: Readonly<Record<string, string>>): void {
  for (const element of find("[data-say]", line)) element.textContent = texts[element.dataset["say"] ?? ""] ?? element.textContent;
}

// warn tells somebody who is about to buy, without moving what is on the page. What
// the page says itself, and lets nobody buy, needs no repeating.
function warn(line: HTMLElement, { what, did }: Words, more: string): void {
  const alarm = document.createElement("div");
  const link = document.createElement("a");
  Object.assign(alarm, { className: "alarm", role: "alert" });
  Object.assign(link, { href: `#${line.id}`, textContent: more });
  link.addEventListener("click", () => {
    alarm.remove();
    if (line instanceof HTMLDetailsElement) line.open = true;
  });
  alarm.append(paragraph(what), paragraph(did), link);
  document.body.append(alarm);
}

function paragraph(text: string): HTMLElement {
  const p = document.createElement("p");
  p.textContent = text;
  return p;
}
