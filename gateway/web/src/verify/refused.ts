// Refused says that what was checked is invalid: whoever made or passed it on is
// at fault, and trying again cannot help. The reason is a stable short class.
export class Refused extends Error {
  constructor(
    readonly reason: string,
    detail: string,
  ) {
    super(detail);
  }
}

// Unavailable says that this browser cannot check, which is nobody's fault.
export class Unavailable extends Error {
  constructor(
    readonly why: Why,
    cause?: unknown,
  ) {
    super(why, { cause });
  }
}

// Why a browser cannot check: the page did not come over https (so there is no
// WebCrypto), the browser is too old for Ed25519, or something broke in it.
export type Why = "insecure" | "old-browser" | "failed";

export function refuse(reason: string, detail: string): never {
  throw new Refused(reason, detail);
}

// rename gives a refusal another reason, and passes on what is none.
export function rename(reason: string | ((was: string) => string)): (error: unknown) => never {
  return (error) => {
    if (!(error instanceof Refused)) throw error;
    return refuse(typeof reason === "string" ? reason : reason(error.reason), error.message);
  };
}

// within renames what a check refuses.
export function within<T>(reason: string | ((was: string) => string), check: () => T): T {
  try {
    return check();
  } catch (error) {
    return rename(reason)(error);
  }
}
