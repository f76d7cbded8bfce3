import { may, readBody } from "../bodies";
import { type Case, type Outcome, unhex } from "./answer";

// bodies reads one body of the vectors.
export function bodies({ of, cbor }: Case): Outcome {
  return { valid: cbor === undefined || readBody(of, unhex(cbor)) !== undefined, shopper: may(of, true), brand: may(of, false) };
}
