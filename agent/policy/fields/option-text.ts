/** Turns the text of a flag of `weir rule add` into the value that the file would hold. */

export const word = (text: string): string => text;
export const list = (text: string): string[] => text.split(",").map((part) => part.trim());
/** The file distinguishes 80 and "80", so a text of digits becomes a number. */
export const number = (text: string): string | number => (/^[0-9]{1,9}$/.test(text) ? Number(text) : text);
export const numbers = (text: string): (string | number)[] => list(text).map(number);
