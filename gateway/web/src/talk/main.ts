import * as engine from "../thread/index";
import { type MyShops, type Open, start } from "./start";

const { openEngine, myShops } = engine as unknown as { openEngine: Open; myShops: MyShops };

void start(openEngine, myShops);
