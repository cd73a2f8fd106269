import pg from 'pg';

/** Settings of a database that an operator may have made for other programs. Each breaks a server that relies on the default. */
export const hostileSettings: Readonly<Record<string, string>> = {
  DateStyle: 'German, DMY',
  IntervalStyle: 'sql_standard',
  TimeZone: 'Asia/Kathmandu',
  search_path: 'pg_catalog',
  bytea_output: 'escape',
  extra_float_digits: '-15',
  standard_conforming_strings: 'off',
  array_nulls: 'off',
  transform_null_equals: 'on',
  default_transaction_isolation: 'serializable',
  default_transaction_read_only: 'on',
  lock_timeout: '1ms',
  idle_in_transaction_session_timeout: '1ms',
  idle_session_timeout: '1s',
};

/** Commands that set all settings of a database or a role. */
export function setAll(
  kind: 'DATABASE' | 'ROLE',
  name: string,
  settings: Readonly<Record<string, string>>,
): string[] {
  return Object.entries(settings).map(
    ([setting, value]) => `ALTER ${kind} ${pg.escapeIdentifier(name)} SET ${setting} = ${asList(value)}`,
  );
}

const asList = (value: string) => value.split(', ').map(pg.escapeLiteral).join(', ');
