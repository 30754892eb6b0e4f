/**
 * Computes the fingerprint of a rule, a number of 53 bits. Rules that differ in anything but their description and their end have
 * different numbers, except for one chance in 10^15 for each pair. In that case a changed rule would go on with the counters of
 * the old one, and nothing else would happen.
 */

import type { RuleConfig } from "./rule.ts";

const UPPER = 2 ** 32;
/** The bits of a safe integer above the lower 32. */
const UPPER_MASK = 0x1fffff;
const [ENTRIES_SEED, LIST_SEED] = [0x85ebca6b, 0xc2b2ae35];

export function fingerprintOf(rule: RuleConfig): number {
  return (ofRule(rule, 0x9e3779b1) & UPPER_MASK) * UPPER + (ofRule(rule, 0x7feb352d) >>> 0);
}

function ofRule(rule: RuleConfig, seed: number): number {
  const { description, expires } = rule;
  let whole = hashOf(rule, seed);
  for (const [key, value] of Object.entries({ description, expires })) if (value !== undefined) whole -= entryHash(key, value, seed);
  return whole;
}

function hashOf(value: unknown, seed: number): number {
  if (typeof value === "string") return ofText(value, seed);
  if (typeof value === "number") return mix(seed ^ value, value / UPPER);
  if (Array.isArray(value)) return value.reduce<number>((hash, item) => mix(hash, hashOf(item, seed)), seed ^ LIST_SEED);
  if (typeof value !== "object" || value === null) return ofText(String(value), seed + 1);
  let sum = seed ^ ENTRIES_SEED;
  for (const key in value) sum = (sum + entryHash(key, (value as Record<string, unknown>)[key], seed)) | 0;
  return sum;
}

/** The hashes of entries are summed, so that the order of entries does not matter. */
function entryHash(key: string, value: unknown, seed: number): number {
  return mix(ofText(key, seed), hashOf(value, seed));
}

function ofText(text: string, seed: number): number {
  let hash = seed ^ text.length;
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  return hash ^ (hash >>> 15);
}

function mix(hash: number, more: number): number {
  const mixed = Math.imul(hash ^ (hash >>> 16), 0x2c1b3c6d) + (more | 0);
  return Math.imul(mixed ^ (mixed >>> 13), 0x297a2d39) | 0;
}
