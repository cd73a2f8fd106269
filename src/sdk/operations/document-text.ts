/** A text, or the text of a fragment and the fragments that it spreads. */
export type Part = string | readonly Part[];

// A bundle drops the calls whose documents it does not use. It would keep what is joined with +.

/**
 * The text of an operation with the fragments that it spreads at any depth, each once.
 * @public - generated documents call it.
 */
/* @__NO_SIDE_EFFECTS__ */
export function join(...parts: readonly Part[]): string {
  return [...new Set((parts as Part[]).flat(9))].join('');
}

/** A mutation of one field that answers with a payload. Without `variables` it takes its usual input. */
/* @__NO_SIDE_EFFECTS__ */
export function mutationOf(
  field: string,
  body: string,
  spreads: readonly Part[],
  variables = `$input:${capitalized(field)}Input!`,
): string {
  return join(operation('mutation', field, `${body}errors{...Refusal}`, variables), spreads);
}

/** A query of one field. */
/* @__NO_SIDE_EFFECTS__ */
export function queryOf(field: string, body: string, spreads: readonly Part[], variables = ''): string {
  return join(operation('query', field, body, variables), spreads);
}

/** An operation that has the name of its field, and whose variables are the arguments of the field. */
function operation(kind: string, field: string, body: string, variables: string): string {
  const args = variables.replace(/\$(\w+):[^$]*/g, '$1:$$$1 ').trim();
  return `${kind} ${capitalized(field)}${inParentheses(variables)}{${field}${inParentheses(args)}{${body}}}`;
}

function inParentheses(list: string): string {
  return list && `(${list})`;
}

function capitalized(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
