/** Sizes as the operator writes them: bytes, or a number with a unit. */

const UNITS: Readonly<Record<string, number>> = {
  B: 1,
  kB: 1e3,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
};
const SHAPE = /^([0-9]{1,12}) ?([A-Za-z]{1,3})?$/;

/** Returns the bytes of a size; undefined if the text is not a size. */
export function parseSize(size: number | string): number | undefined {
  if (typeof size === "number") return size;
  const [, digits, unit = "B"] = SHAPE.exec(size) ?? [];
  if (digits === undefined || !Object.hasOwn(UNITS, unit)) return undefined;
  return Number(digits) * (UNITS[unit] as number);
}
