import type { Prisma } from '../generated/prisma/client.js';

/** The object as it will be stored: what JSON can't say is gone, as it would be after a round trip. */
export function toJsonObject(value: Record<string, unknown> | null | undefined): Prisma.JsonObject {
  return JSON.parse(JSON.stringify(value ?? {}));
}
