// What happens when a page of conversations is opened.
import type { Engine, Options, Shop } from "../thread/types";
import { Refusal } from "../thread/types";
import { button, fill, h } from "./dom";
import { brought, note } from "./keep";
import { remember } from "./known";
import { room } from "./room";
import { shops } from "./shops";
import { data, say } from "./words";

export type Open = (o: Options) => Promise<Engine>;
export type MyShops = () => Promise<readonly Shop[]>;

export async function start(open: Open, mine: MyShops): Promise<void> {
  const list = document.getElementById("my-shops");
  if (list) return shops(list, mine);
  const root = document.getElementById("talk");
  const wait = document.getElementById("talk-wait");
  if (!root || !wait) return;
  try {
    const engine = await open({ brand: data.brand, direct: data.direct, home: data.home, base: data.base });
    const problem = await arrive(engine);
    wait.remove();
    remember();
    room(root, engine, problem);
  } catch (error) {
    console.error(error);
    wait.classList.add("is-wrong");
    fill(wait, h("p", {}, say("trouble.start")), button(say("again"), () => location.reload(), "button"));
  }
}

// arrive takes the private link that the page was opened with, if it was. The link is a
// key, so it doesn't stay in the address.
async function arrive(engine: Engine): Promise<string | undefined> {
  if (!/^#k=/.test(location.hash)) return undefined;
  const link = location.href;
  history.replaceState(history.state, "", location.pathname + location.search);
  try {
    await engine.restore(link);
    note(brought);
    return undefined;
  } catch (error) {
    return say(error instanceof Refusal && error.reason === "other_brand" ? "restore.other" : "restore.bad-link");
  }
}
