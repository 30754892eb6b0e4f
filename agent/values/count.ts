/** Writes numbers of things for people. */

/** Writes a number as `1,234,567`. */
export function count(value: number): string {
  return String(Math.round(value)).replace(/\B(?=(\d{3})+$)/g, ",");
}

/** Writes `1 rule`, `2,000 rules`; with both words given, `1 rule is`, `2 rules are`. */
export function counted(value: number, one: string, several = `${one}s`): string {
  return `${count(value)} ${value === 1 ? one : several}`;
}
