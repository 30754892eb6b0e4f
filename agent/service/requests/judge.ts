/** Judges what callers ask, before anything is done: the compiled schemas say whether it is right, and a refusal says why it is not. */

import { validators } from "../../generated/validators/requests.js";
import { judgesOf } from "../../values/json-schema.ts";
import { refusalOf } from "./explain.ts";
import { REQUEST_FORMATS } from "./formats.ts";
import { type Operation, REQUESTS, type Requested } from "./requests.ts";

const VALIDATORS = validators(judgesOf(REQUEST_FORMATS));

/** The value itself, with defaults filled in. Throws a `malformed` Refusal where it is anything but exactly such a request. */
export function judged<Name extends Operation>(operation: Name, value: unknown): Requested<Name> {
  const validate = VALIDATORS[operation];
  if (validate(value)) return value as Requested<Name>;
  throw refusalOf(REQUESTS[operation], value, validate.errors ?? []);
}
