/** Any value that JSON can express. */
export type JsonValue = string | number | boolean | null | JsonValue[] | JsonObject;

/** An object that JSON can express. */
export interface JsonObject {
  [key: string]: JsonValue;
}

/** Converts an object to what a round trip through JSON yields: values that JSON can't express are dropped. */
export function toJsonObject(value: Record<string, unknown> | null | undefined): JsonObject {
  return JSON.parse(JSON.stringify(value ?? {}));
}
