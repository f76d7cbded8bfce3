// The pages of a conversation with the scripted engine in place of the real one.
import { start } from "../start";
import { Fake } from "./fake";

void start(async () => new Fake(), async () => [
  { brand: "bafyone", base: "/@tea", unread: 2, last: { id: "x", mine: false, kind: "text", body: { text: "Your parcel left us this morning." }, time: Date.now() - 4e6, state: "committed" } },
]);
