/** The text of a field without the space around it. */
export function textOf(fields: FormData, name: string): string {
  return String(fields.get(name) ?? '').trim();
}

/** The words of a field, which may be separated by spaces or commas. */
export function wordsOf(text: string): string[] {
  return text.split(/[\s,]+/).filter((word) => word !== '');
}

/** The instant of a field, which the browser gives in the zone of the reader; null if it is empty. */
export function instantOf(text: string): string | null {
  return text === '' ? null : new Date(text).toISOString();
}

/** The JSON object of a field: empty for an empty text, null for one that is no JSON object. */
export function objectOf(text: string): Record<string, unknown> | null {
  if (text === '') return {};
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : null;
  } catch {
    return null;
  }
}
