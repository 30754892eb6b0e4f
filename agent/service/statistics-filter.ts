/** What `weir stats` adds up. */

import type { Account } from "../observe/flows/groups.ts";
import { fieldsOf, type Filter, isAt, type Tests } from "./filter.ts";
import { OWNER_TESTS, type OwnerField } from "./owner-filter.ts";

type Field = OwnerField | "executable" | "peer" | "service";

export type StatisticsFilter = Filter<Field>;

export const STATISTICS_TESTS: Tests<Account, Field> = {
  ...OWNER_TESTS,
  executable: ({ process }, wanted) => process?.executable === wanted,
  peer: ({ peer }, wanted) => peer !== undefined && isAt({ address: peer }, wanted),
  service: ({ service }, wanted) => service === wanted.toLowerCase(),
};

export const STATISTICS_FILTER_FIELDS = fieldsOf(STATISTICS_TESTS);
