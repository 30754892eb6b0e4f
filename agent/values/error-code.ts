/** `ENOENT` and the like; empty when it is no error of the system. */
export function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException | undefined)?.code ?? "";
}
