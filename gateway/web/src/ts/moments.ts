import { find } from "./find";

// moments keeps what pages say of times true while they are open: how long ago
// something was, and the time of day in the shopper's own zone.
export function moments(): void {
  for (const time of find<HTMLTimeElement>("time[data-clock]")) time.textContent = clock(new Date(time.dateTime));
  const passing = find<HTMLTimeElement>("time[data-ago]");
  const tell = (): void => {
    for (const time of passing) time.textContent = ago(Date.now() - Date.parse(time.dateTime), JSON.parse(time.dataset["ago"]!) as Forms);
  };
  if (passing.length === 0) return;
  setInterval(tell, 30_000);
  document.addEventListener("visibilitychange", tell);
}

// clock writes the time of day, with the day when it isn't today.
function clock(at: Date): string {
  const today = at.toDateString() === new Date().toDateString();
  const day = today ? {} : ({ day: "numeric", month: "long", year: "numeric" } as const);
  return at.toLocaleString(document.documentElement.lang, { ...day, hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
}

// Forms are the ways to say how long ago: now, minutes, hours, a day, days.
type Forms = readonly [string, string, string, string, string];

// ago rounds down, as the server does: to 5 minutes from ten on, to hours, to days.
function ago(passed: number, forms: Forms): string {
  const minutes = Math.floor(passed / 60_000);
  if (minutes < 1) return forms[0];
  if (minutes < 60) return fill(forms[1], minutes < 10 ? minutes : minutes - (minutes % 5));
  if (minutes < 1440) return fill(forms[2], Math.floor(minutes / 60));
  const days = Math.floor(minutes / 1440);
  return fill(forms[days === 1 ? 3 : 4], days);
}

const fill = (form: string, n: number): string => form.replace("{0}", n.toLocaleString(document.documentElement.lang));
