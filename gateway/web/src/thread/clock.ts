// The time as the gateway has it, once it has said so: a device's clock may be a day off.
export interface Clock {
  now(): number;
  // learn takes the gateway's time and says whether that changed anything.
  learn(theirs: number): boolean;
}

const noticeable = 60_000;

export function clockOf(local: () => number = Date.now): Clock {
  let offset = 0;
  return {
    now: () => local() + offset,
    learn: (theirs) => {
      const off = theirs - local();
      const changed = Math.abs(off - offset) > noticeable;
      if (changed) offset = off;
      return changed;
    },
  };
}
