// Parts of the pages that are tested apart: see talk_parts_test.go.
import { all, isPostcode, rulesOf } from "../countries";
import { modules } from "../qr";

Object.assign(window, {
  // odd lists what the table of countries gets wrong about its own examples.
  odd: all.filter((c) => {
    const { example, form, postcode } = rulesOf(c);
    return (form !== undefined && !isPostcode(c, example ?? "")) || isPostcode(c, "") !== (postcode !== "must");
  }),
  isPostcode,
  code: (text: string): string => modules(text).map((row) => row.map((dark) => (dark ? "1" : "0")).join("")).join("\n"),
});
