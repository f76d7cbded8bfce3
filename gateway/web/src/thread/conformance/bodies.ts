import { may, readBody } from "../bodies";
import { type Case, type Outcome, unhex } from "./answer";

// bodies reads one body of the vectors.
export function bodies({ kind, cbor, entry }: Case): Outcome {
  const as = entry ?? kind;
  return { valid: readBody(as, unhex(cbor)) !== undefined, shopper: may(as, true), brand: may(as, false) };
}
