import { type Address, socketPort } from './address.js';

export interface SettingChoices {
  readonly folder: string;
  readonly address: Address;
  /** False only for clusters whose loss costs nothing. */
  readonly durable: boolean;
  /** Settings by name that replace the ones below. */
  readonly overrides: Readonly<Record<string, string>>;
}

/** Command line arguments of the postmaster. Memory is allocated on use, so the limits cost an idle server nothing. */
export function postmasterArguments(choices: SettingChoices): string[] {
  const settings = {
    ...listenSettings(choices),
    ...smallMachineSettings,
    ...logSettings,
    ...(choices.durable ? durableSettings : throwAwaySettings),
    ...choices.overrides,
  };
  return [
    '-D',
    choices.folder,
    ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
  ];
}

function listenSettings({ address, folder }: SettingChoices): Record<string, string> {
  if (address.kind === 'port')
    return { listen_addresses: '127.0.0.1', port: String(address.port), unix_socket_directories: '' };
  return { listen_addresses: '', port: String(socketPort), unix_socket_directories: quoteListEntry(folder) };
}

/** The setting is a comma-separated list. A quoted entry may contain commas and spaces. */
function quoteListEntry(folder: string): string {
  return `"${folder.replaceAll('"', '""')}"`;
}

const smallMachineSettings = {
  max_connections: '100',
  shared_buffers: '128MB',
  // For short queries on few cores, JIT, parallel workers and asynchronous I/O cost more than they gain.
  jit: 'off',
  max_parallel_workers_per_gather: '0',
  io_method: 'sync',
  random_page_cost: '1.1',
  // A queue table produces many dead rows, which must be vacuumed soon.
  autovacuum_naptime: '15s',
  autovacuum_vacuum_scale_factor: '0.05',
  // An embedded cluster has no replicas.
  wal_level: 'minimal',
  max_wal_senders: '0',
  max_logical_replication_workers: '0',
  timezone: 'UTC',
};

/** The server that sent a failed statement reports it. In this log it would only repeat users' data. */
const logSettings = {
  log_min_messages: 'log',
  log_checkpoints: 'off',
  log_timezone: 'UTC',
  log_line_prefix: '%m [%p] ',
};

const durableSettings = { fsync: 'on', full_page_writes: 'on', synchronous_commit: 'on' };

const throwAwaySettings = { fsync: 'off', full_page_writes: 'off', synchronous_commit: 'off' };
