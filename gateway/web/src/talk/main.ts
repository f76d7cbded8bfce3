import { myShops, openEngine } from "../thread/index";
import { start } from "./start";

void start(openEngine, myShops);
