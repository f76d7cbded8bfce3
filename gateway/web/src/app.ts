// What the pages gain where scripts run. Every page is complete without.
import { gallery } from "./ts/gallery";
import { menu } from "./ts/menu";
import { picker } from "./ts/picker";
import { search } from "./ts/search";
import { signature } from "./ts/signature";

menu();
search();
const show = gallery();
picker(show);
signature();
