/** Three-valued logic: undefined means unknown. The unknown counts only if it can change the result. */

export type Truth = boolean | undefined;

export function every(answers: readonly Truth[]): Truth {
  if (answers.includes(false)) return false;
  return answers.includes(undefined) ? undefined : true;
}

export function some(answers: readonly Truth[]): Truth {
  if (answers.includes(true)) return true;
  return answers.includes(undefined) ? undefined : false;
}

export function opposite(answer: Truth): Truth {
  return answer === undefined ? undefined : !answer;
}
