// Everything else about the conversation.
import { Refusal } from "../thread/types";

import { save, stateWords, title } from "./cards";
import { add, button, type Child, fill, h, icon, type Picture } from "./dom";
import { brought, isOffered, keepSheet, note, tellSheet } from "./keep";
import { orderSheet } from "./ordersheet";
import type { Room } from "./room";
import { field, sheet, sure } from "./sheet";
import { data, dateOf, dayOf, money, say } from "./words";

export function menu(room: Room): void {
  const s = sheet(room, data.name);
  const item = (name: Picture, label: string, act: () => void, note?: Child): HTMLElement => h("li", {}, h("button", { type: "button", onclick: act }, icon(name), h("span", {}, label, note && h("span", { class: "muted" }, note))));
  const { orders, thread } = room.engine.state;
  s.dialog.classList.add("is-menu");
  add(
    s.body,
    h("p", { class: "sealed" }, icon("key"), h("span", {}, say(data.direct ? "sealed.long" : "sealed.long.mirror", data.name))),
    h(
      "ul",
      { class: "menu-of" },
      orders.size > 0 && item("bag", say("orders"), () => ordersSheet(room)),
      item("key", say("keep"), () => keepSheet(room), say("keep.note")),
      isOffered(room.engine) && item("bell", say("tell"), () => tellSheet(room), say("tell.note")),
      item("phone", say("devices"), () => devicesSheet(room)),
      item("turn", say("restore"), () => restoreSheet(room), say("restore.note")),
      thread && item("save", say("export"), () => void exportAll(room), say("export.note")),
      thread && item("bin", say("erase"), () => sure(room, say("erase"), say("erase.text", data.name), say("erase.yes"), () => room.engine.erase().catch(() => room.notice(say("failed"))))),
      h("li", {}, h("a", { href: "/shops" }, icon("box"), h("span", {}, say("shops")))),
    ),
    (data.links["privacy"] || data.links["imprint"]) && h("p", { class: "terms-links" }, ["privacy", "imprint"].map((kind) => data.links[kind] && h("a", { href: data.links[kind] }, say(`terms.${kind}`)))),
  );
}

async function exportAll(room: Room): Promise<void> {
  try {
    save(await room.engine.exportAll(), `${data.name}.json`);
  } catch {
    room.notice(say("failed"));
  }
}

export function ordersSheet(room: Room): void {
  const s = sheet(room, say("orders"));
  const list = [...room.engine.state.orders.values()].reverse();
  add(s.body, h("ul", { class: "picks" }, list.map((o) => h("li", {}, h("button", { type: "button", onclick: () => orderSheet(room, o.id) }, h("span", { class: "lines" }, h("b", {}, title(o)), h("span", { class: "muted" }, `${dayOf(o.placed)} · ${stateWords(o)}`)), h("span", { class: "amount" }, money(o.quote.total)))))));
}

function devicesSheet(room: Room): void {
  const s = sheet(room, say("devices"));
  const draw = (): void => {
    const list = room.engine.devices().filter((d) => !d.removed);
    fill(
      s.body,
      h("p", {}, say("devices.text")),
      list.length === 0 && h("p", { class: "muted" }, say("devices.none")),
      h("ul", { class: "picks" }, list.map((d) => h("li", { class: "device" }, icon("phone"), h("span", { class: "lines" }, h("b", {}, say(d.here ? "device.here" : "device.other")), d.since !== undefined && h("span", { class: "muted" }, say("device.since", dateOf(d.since)))), !d.here && button(say("device.remove"), () => sure(room, say("device.remove"), say("device.remove.text"), say("device.remove"), async () => {
        await room.engine.removeDevice(d.key).catch(() => room.notice(say("failed")));
        devicesSheet(room);
      }))))),
      h("h3", {}, say("device.add")),
      h("p", {}, say("device.add.text")),
      button(say("device.add.show"), () => keepSheet(room)),
    );
  };
  draw();
}

function restoreSheet(room: Room): void {
  const s = sheet(room, say("restore"));
  const code = field(say("restore.code"), h("input", { type: "text", autocomplete: "off", autocapitalize: "characters", spellcheck: "false", maxlength: 400, dir: "ltr" }), say("restore.hint"));
  const go = async (e: Event): Promise<void> => {
    e.preventDefault();
    const text = code.input.value.trim();
    if (!text) return code.wrong(say("restore.bad"));
    s.dialog.setAttribute("aria-busy", "true");
    try {
      await room.engine.restore(text);
      if (text.includes("#k=")) note(brought);
      s.close();
      room.notice(say("restore.done"));
    } catch (error) {
      const reason = error instanceof Refusal ? error.reason : "";
      code.wrong(say(reason === "other_brand" ? "restore.other" : reason === "bad_code" ? "restore.bad" : "failed"));
    } finally {
      s.dialog.removeAttribute("aria-busy");
    }
  };
  add(s.body, h("p", {}, say("restore.text")), h("form", { class: "form", onsubmit: ((e: Event) => void go(e)) as EventListener }, code.element, h("button", { type: "submit", class: "button" }, say("restore.go"))));
}
