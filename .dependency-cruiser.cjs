// Who may import whom. Types count like values; what no line below allows is an error.

/** The import table: a room, and the rooms it may use besides itself. */
const table = {
  kernel: [],
  telemetry: ['kernel'],
  domain: ['kernel'],
  store: ['kernel', 'domain', 'generated'],
  gateway: ['kernel', 'domain'],
  services: ['kernel', 'domain', 'store'],
  feed: ['kernel', 'domain', 'store'],
  scheduler: ['kernel', 'domain', 'services'],
  graphql: ['kernel', 'domain', 'services', 'generated'],
  server: ['kernel', 'graphql'],
  sdk: ['generated'],
  cli: ['sdk'],
  mcp: ['sdk'],
  generated: [],
};

const folder = (room) => `^src/${room}/`;
const file = (path) => `^src/${path}\\.ts$`;
const types = (path) => ({ path, dependencyTypes: ['type-only'] });

/** Doors into a room that stay closed but for one file or for types. */
const doors = [
  { from: folder('telemetry'), to: types(folder('domain')) },
  { from: folder('services'), to: { path: file('gateway/gateway') } },
  { from: folder('graphql'), to: { path: [file('feed/hub'), file('feed/cursor')] } },
  { from: folder('graphql'), to: types(file('store/read-client')) },
  { from: folder('server'), to: { path: file('feed/hub') } },
  { from: folder('server'), to: types(file('config')) },
  { from: file('settings'), to: { path: folder('kernel') } },
  { from: file('config'), to: { path: [folder('kernel'), file('settings')] } },
  { from: file('app'), to: { path: rooms('kernel', 'telemetry', 'domain', 'store', 'gateway') } },
  { from: file('app'), to: { path: rooms('services', 'feed', 'scheduler', 'graphql', 'server') } },
  { from: file('app'), to: { path: file('groundwork') } },
  { from: file('app'), to: types(file('config')) },
  {
    from: file('groundwork'),
    to: { path: [...rooms('kernel', 'store', 'services'), file('server/limits')] },
  },
  { from: file('groundwork'), to: types([file('config'), file('graphql/context')]) },
  { from: '^src/(main|cli/commands/(serve|migrate))\\.ts$', to: { path: [file('app'), file('config')] } },
];

/** What only one room may know about, so that it can be replaced there. */
const secrets = {
  pg: ['store'],
  '@prisma/': ['store', 'generated'],
  '@pothos/': ['graphql', 'generated'],
  'graphql-yoga': ['server'],
  '@graphql-yoga/': ['server'],
  'graphql-jit': ['server'],
  'graphql-ws': ['server'],
  ws: ['server', 'gateway'],
  openai: ['gateway'],
  undici: ['gateway'],
  'cron-parser': ['domain'],
  cronstrue: ['domain'],
  pino: ['telemetry'],
  'prom-client': ['telemetry'],
  '@opentelemetry/': ['telemetry'],
};

function rooms(...names) {
  return names.map(folder);
}

module.exports = {
  allowedSeverity: 'error',
  allowed: [
    ...Object.entries(table).map(([room, others]) => ({
      from: { path: folder(room) },
      to: { path: rooms(room, ...others) },
    })),
    ...doors.map(({ from, to }) => ({ from: { path: from }, to })),
    { from: {}, to: { pathNot: '^src/' } },
  ],
  forbidden: [
    {
      name: 'no-cycles',
      comment: 'Two files that need each other are one file, or hide a third.',
      severity: 'error',
      from: { pathNot: folder('generated') },
      to: { circular: true },
    },
    {
      name: 'no-orphans',
      comment: 'A file nobody imports is dead.',
      severity: 'error',
      from: { orphan: true, pathNot: [file('main'), folder('generated'), '\\.d\\.ts$'] },
      to: {},
    },
    {
      name: 'no-unresolved',
      comment: 'An import that leads nowhere.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
    {
      name: 'domain-is-pure',
      comment: 'Rules decide from what they are given: no files, no sockets, no process.',
      severity: 'error',
      from: { path: folder('domain') },
      to: { dependencyTypes: ['core'], pathNot: '^(node:)?crypto$' },
    },
    ...Object.entries(secrets).map(([name, keepers]) => ({
      name: `${name.replace(/\W+/g, ' ').trim().replace(/ /g, '-')}-stays-in-${keepers[0]}`,
      comment: `Only ${keepers.join(' and ')} may know ${name}.`,
      severity: 'error',
      from: { path: '^src/', pathNot: rooms(...keepers) },
      to: { path: `(^|node_modules/)(@types/)?${name}${name.endsWith('/') ? '' : '(/|$)'}` },
    })),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    detectJSDocImports: true,
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'types', 'node', 'default'],
      mainFields: ['module', 'main', 'types', 'typings'],
    },
  },
};
