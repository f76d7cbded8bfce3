// Paths of records and their groups (specs/03-values.md §3).

// isPath says whether a text follows the grammar of paths.
export function isPath(text: string): boolean {
  const grammar = /^(?:[a-z0-9._-]+|(?:[a-z0-9._-]+\/){1,2}[A-Za-z0-9._-]+)$/;
  return text.length <= 256 && grammar.test(text) && !text.split("/").some((s) => s === "." || s === "..");
}

// group returns the name of the group that a path belongs to.
export function group(path: string): string {
  const [kind, second] = path.split("/");
  return kind === "offer" && second !== undefined ? `product/${second}` : path;
}
