/** What an error and its causes say. */
export interface ErrorChain {
  readonly codes: readonly string[];
  /** From the outermost to the innermost. */
  readonly messages: readonly string[];
  /** The system calls that failed. */
  readonly calls: readonly string[];
}

/** Collects the facts of an error and its causes. A host with several addresses has several causes. */
export function chainOf(error: unknown): ErrorChain {
  const codes: string[] = [];
  const messages: string[] = [];
  const calls: string[] = [];
  for (let each = error; each instanceof Error; each = each.cause) {
    for (const one of each instanceof AggregateError ? [each, ...each.errors] : [each]) {
      if (typeof one.code === 'string') codes.push(one.code);
      if (typeof one.syscall === 'string') calls.push(one.syscall);
    }
    const message = reasonOf(each).replace(/\.$/, '') || codes.at(-1);
    if (message) messages.push(message);
  }
  return { codes, messages: [...new Set(messages)], calls };
}

/** The message of a TLS error contains addresses and files of the library. */
function reasonOf(error: Error): string {
  return 'reason' in error && typeof error.reason === 'string' ? `TLS: ${error.reason}` : error.message;
}
