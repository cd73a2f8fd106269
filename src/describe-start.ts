import type { Started } from './app.js';

const NO_KEY_FILE =
  'set by MC_API_KEY or created by an earlier start; for a lost key see "Keys" in docs/operations.md';

/**
 * A few lines for the person who starts the server. A generated key and the link that opens the dashboard are shown in a
 * terminal only: elsewhere the output is kept, by service managers and log collectors, for readers who are no
 * administrators.
 */
export function describeStart(
  { address, facts, adminKey, adminKeyPath }: Omit<Started, 'makeLink'>,
  { isTerminal, link }: { readonly isTerminal: boolean; readonly link: string | null },
): string {
  const lines = [
    `Mission Control ${facts.version} with ${facts.database}`,
    `GraphQL and GraphiQL: ${address.url}/graphql`,
    `Admin key: ${adminKeyPath === null ? NO_KEY_FILE : `in ${adminKeyPath}`}`,
    ...(link === null || !isTerminal ? [] : [`Dashboard: ${link} (works once, for ten minutes)`]),
    ...(adminKey === null || !isTerminal ? [] : [`Admin key, shown only once: ${adminKey}`]),
  ];
  return `${lines.join('\n')}\n`;
}
