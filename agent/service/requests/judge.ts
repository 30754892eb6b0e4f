/** Judges what callers ask, before anything is done: the compiled schemas say whether it is right, and a refusal says why it is not. */

import { validators } from "../../generated/validators/requests.ts";
import { refusalOf } from "./explain.ts";
import { REQUEST_FORMATS } from "./formats.ts";
import { type Requested, type RequestName, REQUESTS } from "./requests.ts";

const VALIDATORS = validators(
  Object.fromEntries(Object.entries(REQUEST_FORMATS).map(([name, explain]) => [name, (text: string) => explain(text) === undefined])),
);

/** The value itself, with defaults filled in. Throws a `malformed` Refusal where it is anything but exactly such a request. */
export function judged<Name extends RequestName>(name: Name, value: unknown): Requested<Name> {
  const validate = VALIDATORS[name];
  if (validate(value)) return value as Requested<Name>;
  throw refusalOf(REQUESTS[name], value, validate.errors ?? []);
}
