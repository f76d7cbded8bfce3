import type { Remembered, Result } from "../verify";

// Finding is what checking a page came to. The page carries words for each.
export type Finding =
  | "checked"
  | "stale" // sound, but the server of this mirror has lost touch with the brand
  | "expired" // the brand should have signed anew
  | "older" // than what this browser has seen
  | "contested" // two catalogs, or two histories, in the brand's name
  | "altered" // the page shows something else than was signed
  | "invalid"
  // Nothing is known:
  | "offline"
  | "insecure"
  | "old-browser"
  | "failed"
  | "clock"; // the device's is behind

export type Tone = "good" | "plain" | "mind" | "warn";

// toneOf says how much a finding matters: plain changes nothing, mind is for the
// signature's line alone, warn is for anybody about to buy.
export function toneOf(finding: Finding): Tone {
  if (finding === "checked") return "good";
  if (finding === "expired" || finding === "older") return "mind";
  return ["contested", "altered", "invalid"].includes(finding) ? "warn" : "plain";
}

type Shown = Extract<Result, { ok: true }>;

// unshown is the finding of a result that shows nothing. A head dated ahead of the
// clock is genuine, and clocks of phones are wrong more often than those of shops.
export function unshown(result: Exclude<Result, Shown>): Finding {
  if (result.ok === "unavailable") return result.why;
  return result.reason === "head-future" ? "clock" : "invalid";
}

// judge is the finding of a sound bundle: what is worst comes first. The page says
// what its server knows beside the bundle; that it may lie makes nothing better.
export function judge(shown: Shown, { verdict }: Pick<Remembered, "verdict">, agrees: boolean, page: string): Finding {
  if (shown.contested || verdict === "differs" || verdict === "contested" || page === "contested") return "contested";
  if (!agrees) return "altered";
  if (shown.superseded || verdict === "older") return "older";
  if (shown.expired || page === "expired") return "expired";
  return page === "stale" ? "stale" : "checked";
}
