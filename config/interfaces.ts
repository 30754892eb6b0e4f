/** Interface names and the patterns that choose among them, in which `*` stands for any run of characters. */

/** The kernel's IFNAMSIZ less the closing NUL. */
const LONGEST_NAME = 15;

/** What is wrong with a pattern, or undefined. */
export function explainInterface(pattern: string): string | undefined {
  if (pattern === "") return "an interface name is empty";
  if (Buffer.byteLength(pattern) > LONGEST_NAME) return `an interface name has at most ${LONGEST_NAME} bytes`;
  if (pattern === "." || pattern === "..") return `"${pattern}" is not an interface name`;
  if (/[\s/:]/u.test(pattern)) return "an interface name has no spaces, slashes or colons";
  return undefined;
}

/** Whether a name fits a pattern. Greedy with one step back, so that the work is at most name times pattern. */
export function interfaceMatches(pattern: string, name: string): boolean {
  let at = 0;
  let star = -1;
  let resume = 0;
  let index = 0;
  while (index < name.length) {
    if (pattern[at] === "*") {
      star = at++;
      resume = index;
    } else if (at < pattern.length && pattern[at] === name[index]) {
      at++;
      index++;
    } else if (star >= 0) {
      at = star + 1;
      index = ++resume;
    } else {
      return false;
    }
  }
  while (pattern[at] === "*") at++;
  return at === pattern.length;
}

export function someInterfaceMatches(patterns: readonly string[], name: string): boolean {
  return patterns.some((pattern) => interfaceMatches(pattern, name));
}
