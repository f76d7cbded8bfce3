// The address form: what the country's post needs and nothing else, with the names by
// which browsers fill it in.
import type { Address } from "../thread/types";
import { isPostcode, neat, rulesOf } from "./countries";
import { add, fill, h } from "./dom";
import { type Field, field } from "./sheet";
import { say } from "./words";

export interface AddressForm {
  readonly element: HTMLElement;
  // change asks for another country's address; what was typed stays.
  change(country: string): void;
  // read returns the address, or nothing after saying what is missing.
  read(): Address | undefined;
  // place is the part that delivery and tax may depend on.
  place(): { region?: string; postcode?: string };
}

// input makes a text field with the name by which browsers fill it in.
export function input(autocomplete: string, more: Readonly<Record<string, string | number | boolean | undefined>> = {}): HTMLInputElement {
  return h("input", { type: "text", autocomplete, name: autocomplete.split(" ").at(-1), maxlength: 200, dir: "auto", ...more });
}

export function addressForm(country: string, filled: Partial<Address> = {}): AddressForm {
  const company = field(say("company"), input("shipping organization", { value: filled.company }));
  const street = field(say("street"), input("shipping address-line1", { value: filled.street, required: true }));
  const extra = field(say("street2"), input("shipping address-line2", { value: filled.extra }));
  const city = field(say("city"), input("shipping address-level2", { value: filled.city, required: true }));
  const more = h("details", { class: "code-of", open: Boolean(filled.company || filled.extra) }, h("summary", {}, say("address.more")), h("div", { class: "address" }, company.element, extra.element));
  const element = h("div", { class: "address" });
  let postcode: Field | undefined;
  let region: Field | undefined;
  let now = country;

  const change = (to: string): void => {
    const kept = { postcode: postcode?.input.value ?? filled.postcode ?? "", region: to === now ? (region?.input.value ?? filled.region ?? "") : "" };
    now = to;
    const rules = rulesOf(to);
    postcode = rules.postcode === "none" ? undefined : field(optional(say("postcode"), rules.postcode === "may"), input("shipping postal-code", { value: kept.postcode, maxlength: 20, dir: "ltr", placeholder: rules.example, inputmode: rules.form && /^\d+$/.test(rules.example ?? "") ? "numeric" : "text", autocapitalize: "characters" }));
    region = rules.region === "none" ? undefined : field(optional(say(`region.${rules.regionName}`), rules.region === "may"), regionInput(rules.regions, kept.region));
    const pair = h("div", { class: "pair" }, rules.postcodeFirst ? [postcode?.element, city.element] : [city.element, postcode?.element]);
    fill(element, street.element, more, pair, region?.element);
  };
  change(country);

  const place = (): { region?: string; postcode?: string } => {
    const [r, p] = [region?.input.value.trim(), neat(postcode?.input.value ?? "")];
    return { ...(r && { region: r }), ...(p && postcode && { postcode: p }) };
  };
  const read = (): Address | undefined => {
    const rules = rulesOf(now);
    const text = (f: Field): string => f.input.value.trim();
    const missing: Field[] = [];
    const must = (f: Field | undefined, fine: boolean, words: string): void => {
      f?.wrong(fine ? "" : words);
      if (f && !fine) missing.push(f);
    };
    must(street, text(street) !== "", say("missing.street"));
    must(city, text(city) !== "", say("missing.city"));
    if (postcode) must(postcode, isPostcode(now, text(postcode)), text(postcode) === "" ? say("missing.postcode") : say("wrong.postcode", rules.example ?? ""));
    if (region) must(region, rules.region !== "must" || text(region) !== "", say("missing.region"));
    if (missing.length) return undefined;
    const rest = { company: text(company), extra: text(extra) };
    return { street: text(street), city: text(city), country: now, ...place(), ...(rest.company && { company: rest.company }), ...(rest.extra && { extra: rest.extra }) };
  };
  return { element, change, read, place };
}

function regionInput(regions: Readonly<Record<string, string>> | undefined, value: string): Field["input"] {
  if (!regions) return input("shipping address-level1", { value });
  const list = h("select", { autocomplete: "shipping address-level1", name: "address-level1" }, h("option", { value: "" }, ""));
  for (const [code, name] of Object.entries(regions)) add(list, h("option", { value: code, selected: code === value }, name));
  return list;
}

export const optional = (label: string, isOptional = true): string => (isOptional ? say("optional", label) : label);
