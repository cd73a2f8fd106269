import type { ZodError } from 'zod';

/** The mistakes in an input, in one line: the field, then what is wrong with it. */
export function describeZod(error: ZodError): string {
  return error.issues.map(({ path, message }) => `${path.join('.') || 'input'}: ${message}`).join('; ');
}
