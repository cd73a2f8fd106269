import type { Prisma } from '../generated/prisma/client.js';

/** The object as it will be stored: values that JSON can't express are dropped, as in a round trip. */
export function toJsonObject(value: Record<string, unknown> | null | undefined): Prisma.JsonObject {
  return JSON.parse(JSON.stringify(value ?? {}));
}
