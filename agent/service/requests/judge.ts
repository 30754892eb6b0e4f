/** Checks requests with the compiled schemas, before anything is done. */

import { validators } from "../../generated/validators/requests.js";
import { judgesOf } from "../../values/json-schema.ts";
import { refusalOf } from "./explain.ts";
import { REQUEST_FORMATS } from "./formats.ts";
import { type Operation, REQUESTS, type Requested } from "./requests.ts";

const VALIDATORS = validators(judgesOf(REQUEST_FORMATS));

/** Fills the defaults into the value and returns it. Throws a `malformed` Refusal if the value is not exactly such a request. */
export function judged<Name extends Operation>(operation: Name, value: unknown): Requested<Name> {
  const validate = VALIDATORS[operation];
  if (validate(value)) return value as Requested<Name>;
  throw refusalOf(REQUESTS[operation], value, validate.errors ?? []);
}
