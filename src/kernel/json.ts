export type JsonValue = string | number | boolean | null | JsonValue[] | JsonObject;

export interface JsonObject {
  [key: string]: JsonValue;
}

/** The object as it will be stored: values that JSON can't express are dropped, as in a round trip. */
export function toJsonObject(value: Record<string, unknown> | null | undefined): JsonObject {
  return JSON.parse(JSON.stringify(value ?? {}));
}
