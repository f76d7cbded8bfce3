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

// within gives all refusals inside one reason.
export function within<T>(reason: string, check: () => T): T {
  try {
    return check();
  } catch (error) {
    if (error instanceof Refused) refuse(reason, error.message);
    throw error;
  }
}
