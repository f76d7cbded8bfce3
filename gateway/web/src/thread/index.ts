// The engine of a conversation between this browser and a brand: keys, sealing,
// sending, receiving, keeping. It touches no document.
export * from "./types";
