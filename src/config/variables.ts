/** Environment variables by name. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** The value of a variable without whitespace around it; undefined if it is unset or blank. */
export function textOf(env: Environment, name: string): string | undefined {
  return env[name]?.trim() || undefined;
}
