import { fileVariableOf } from './environment.js';
import { listSettings } from './settings.js';
import type { Environment } from './variables.js';

/** What programs commonly need. None of these is a credential. */
const USUAL = [
  ...['PATH', 'HOME', 'USER', 'LOGNAME', 'SHELL', 'LANG', 'LANGUAGE', 'LC_*', 'TZ', 'TERM', 'COLORTERM'],
  ...['NO_COLOR', 'TMPDIR', 'TEMP', 'TMP', 'XDG_*_HOME', 'NODE_EXTRA_CA_CERTS', 'SSL_CERT_FILE'],
  ...['SSL_CERT_DIR', 'HTTP_PROXY', 'HTTPS_PROXY', 'ALL_PROXY', 'NO_PROXY', 'LD_LIBRARY_PATH', 'NIX_*'],
  ...['SYSTEMROOT', 'SYSTEMDRIVE', 'WINDIR', 'COMSPEC', 'PATHEXT', 'OS', 'USERNAME', 'USERPROFILE'],
  ...['HOMEDRIVE', 'HOMEPATH', 'APPDATA', 'LOCALAPPDATA', 'PROGRAMDATA', 'PROGRAMFILES*', 'PROCESSOR_*'],
  ...['NUMBER_OF_PROCESSORS'],
];

/** Credentials that are not settings of the server: for PostgreSQL's clients and for the trace collector. */
const FURTHER_SECRETS = /^(PGPASSWORD|PGPASSFILE|PGSERVICEFILE|OTEL_.*)$/;

/**
 * The environment for programs that the server starts: the usual variables and those that the patterns name. The server's
 * own settings and credentials are left out even if a pattern names them.
 */
export function environmentForPrograms(
  env: Environment,
  patterns: readonly string[],
): Record<string, string | undefined> {
  const own = new Set(listSettings().flatMap(({ name }) => [name, fileVariableOf(name)]));
  const isOwn = (name: string) => own.has(name) || name.startsWith('MC_') || FURTHER_SECRETS.test(name);
  const allowed = new RegExp(`^(${[...USUAL, ...patterns].map(toPattern).join('|')})$`);
  const passes = (name: string) => allowed.test(name) && !isOwn(name);
  return Object.fromEntries(Object.entries(env).filter(([name]) => passes(name.toUpperCase())));
}

function toPattern(name: string): string {
  return name.toUpperCase().replaceAll('*', '.*');
}
