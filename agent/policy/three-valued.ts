/** Three-valued logic: undefined means unknown. The unknown counts only if it can change the result. */

export type Answer = boolean | undefined;

export function every(answers: readonly Answer[]): Answer {
  if (answers.includes(false)) return false;
  return answers.includes(undefined) ? undefined : true;
}

export function some(answers: readonly Answer[]): Answer {
  if (answers.includes(true)) return true;
  return answers.includes(undefined) ? undefined : false;
}

export function opposite(answer: Answer): Answer {
  return answer === undefined ? undefined : !answer;
}
