import { expect } from 'vitest';
import type { AnsweredError } from '../servers/client.js';

/** Internal details that must not appear in answers: files, tables, and messages of PostgreSQL and libraries. */
const inside = [
  /\n\s+at .*:\d+/,
  /node_modules|\/dist\/|\/src\/|\.[jt]s:\d+/,
  /violates|duplicate key value|relation "|column "|invalid input (syntax|value)|invalid byte sequence|deadlock detected/,
  /out of range for type|syntax error at or near|unterminated quoted|numeric field overflow|statement timeout/,
  /Prisma|\bP\d{4}\b|DatabaseError|SQLSTATE|pg_catalog|ECONN/,
  /\b(task_runs|api_keys|review_runs|quality_reviews|idempotency_keys|claim_tasks|current_run_id)\b/,
  /(Type|Range|Reference|Syntax)Error|Cannot read propert|is not a function|Maximum call stack/,
];

/** Expects that an answer is not a fault, and contains neither internal details nor the secrets. */
export function expectHarmless(
  { status, text, errors }: { status: number; text: string; errors?: readonly AnsweredError[] },
  secrets: readonly string[] = [],
): void {
  expect(status, text).toBeLessThan(500);
  expect(text).not.toContain('INTERNAL_SERVER_ERROR');
  for (const pattern of inside) expect(text).not.toMatch(pattern);
  for (const secret of secrets) expect(text).not.toContain(secret);
  for (const { extensions } of errors ?? []) expect(extensions?.code, text).toMatch(/^[A-Z_]+$/);
}

/** The distinct codes of an answer's errors. */
export function codesIn({ errors }: { errors?: readonly AnsweredError[] }): (string | undefined)[] {
  return [...new Set((errors ?? []).map(({ extensions }) => extensions?.code))];
}
