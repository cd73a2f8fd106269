/** camelCase → snake_case: the inverse of how rows are read. */
export function toSnake(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/** JSON columns get their JSON text: the driver would turn an array into a PostgreSQL array. */
function toValue(name: string, value: unknown): unknown {
  const isJson = name === 'metadata' || name === 'configExtra';
  return isJson && value !== undefined ? JSON.stringify(value) : value;
}

/**
 * The parts of an INSERT for an object whose keys are column names in camelCase. The keys come from types in the code, never
 * from a request, so they are safe in SQL text.
 */
export function columns(row: object): { names: string[]; places: string[]; values: unknown[] } {
  const entries = Object.entries(row);
  return {
    names: entries.map(([name]) => toSnake(name)),
    places: entries.map((_, index) => `$${index + 1}`),
    values: entries.map(([name, value]) => toValue(name, value)),
  };
}

/** The parts of `SET a = $n, …`, with the placeholders numbered from `first`. Undefined fields are omitted. */
export function assignments(changes: object, first: number): { sql: string[]; values: unknown[] } {
  const entries = Object.entries(changes).filter(([, value]) => value !== undefined);
  return {
    sql: entries.map(([name], index) => `${toSnake(name)} = $${first + index}`),
    values: entries.map(([name, value]) => toValue(name, value)),
  };
}
