/** Returns the code of a system error, such as `ENOENT`; an empty text for any other error. */
export function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException | undefined)?.code ?? "";
}
