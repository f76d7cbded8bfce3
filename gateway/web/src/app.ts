// What the pages gain where scripts run. Every page is complete without.
import { gallery } from "./ts/gallery";
import { menu } from "./ts/menu";
import { moments } from "./ts/moments";
import { picker } from "./ts/picker";
import { search } from "./ts/search";
import { signature } from "./ts/signature";
import { share, trade } from "./ts/trade";

menu();
moments();
search();
const show = gallery();
picker(show);
trade();
share();
signature();
