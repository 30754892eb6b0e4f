/**
 * Masks secrets in the arguments of programs. People pass passwords in every way, so everything that a reader would take for one
 * is masked, rather too much than too little.
 */

const MASK = "***";

const WORDS =
  "pass(?:word|wd|phrase|code)?|pwd|secret|token|api[-_]?key|access[-_]?key|private[-_]?key|credentials?|auth(?:orization)?|bearer|signature|session(?:[-_]?id)?|cookie";
/** A flag such as `--db-password`, whose value is the next argument. */
const FLAG = new RegExp(`^-{1,2}[\\w.-]*(?:${WORDS})$`, "i");
/** Assignments such as `DB_PASSWORD=x`, `token: x`, `?api_key=x&`. */
const ASSIGNED = new RegExp(`((?:${WORDS})[\\w-]*["']?\\s*[=:]\\s*)("[^"]*"?|'[^']*'?|[^\\s&;,"']+)`, "gi");
const HEADER = /(authorization|cookie)(\s*[:=]\s*).*/is;
const IN_URL = /([a-z][a-z0-9+.-]*:\/\/[^\s/:@]*):[^\s/@]*@/gi;
const WELL_KNOWN = /\b(?:A[KS]IA[A-Z0-9]{16}|gh[pousr]_\w{16,}|xox[a-z]-[\w-]+|sk-[\w-]{16,}|eyJ[\w-]+\.[\w.-]+)/g;
/** Random letters and digits: keys, and identifiers that look like keys. */
const RANDOM = /(?=[A-Za-z_+=-]*\d)(?=[\d_+=-]*[A-Za-z])[A-Za-z0-9_+=-]{32,}/g;

/** Programs with a one-letter flag for a secret, which stands in the same argument or in the next. */
const LETTERS: Record<string, string> = {
  sshpass: "-p",
  "redis-cli": "-a",
  ldapsearch: "-w",
  ldapmodify: "-w",
  mysql: "-p",
  mysqldump: "-p",
  mysqladmin: "-p",
  mariadb: "-p",
};
/** In these programs the next argument is not the secret. */
const JOINED_ONLY = /^(?:mysql|mariadb)/;
/** A user with a password, `-u name:password`, in one argument or two. */
const USER = /^(?:-[uU]|--(?:proxy-)?user)$/;
const USER_JOINED = /^(-[uU]|--(?:proxy-)?user=)([^:]+):.+/s;

export function maskArguments(words: readonly string[]): string[] {
  const program = words[0]?.split("/").at(-1) ?? "";
  const letter = LETTERS[program];
  return words.map((word, at) => {
    const before = at > 1 ? words[at - 1]! : "";
    if (!word.startsWith("--") && (FLAG.test(before) || (before === letter && !JOINED_ONLY.test(program)))) return MASK;
    if (letter !== undefined && word !== letter && at > 0 && word.startsWith(letter)) return letter + MASK;
    if (USER.test(before)) return maskText(word.replace(/^([^:]+):.+/s, `$1:${MASK}`));
    return maskText(word.replace(USER_JOINED, `$1$2:${MASK}`));
  });
}

function maskText(text: string): string {
  return text
    .replace(HEADER, `$1$2${MASK}`)
    .replace(IN_URL, `$1:${MASK}@`)
    .replace(ASSIGNED, `$1${MASK}`)
    .replace(WELL_KNOWN, MASK)
    .replace(RANDOM, MASK);
}
