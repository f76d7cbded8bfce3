// The scripts of /t/ and /shops: everything between a shopper and a brand. Loaded
// there alone.
import "./talk/main";
