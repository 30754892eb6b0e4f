import { testOn } from "./suites.ts";

testOn("6.12");
