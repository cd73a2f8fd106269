// The allowed imports. Imports of types count like others. An import that no line below allows is an error.

/** The import table: for each layer, the other layers that it may import. */
const table = {
  kernel: [],
  telemetry: ['kernel'],
  config: ['kernel'],
  domain: ['kernel'],
  postgres: ['kernel', 'generated'],
  store: ['kernel', 'domain', 'postgres', 'generated'],
  gateway: ['kernel', 'domain'],
  webhooks: ['kernel', 'domain'],
  services: ['kernel', 'domain', 'store'],
  feed: ['kernel', 'domain', 'store', 'postgres'],
  scheduler: ['kernel', 'domain', 'services'],
  graphql: ['kernel', 'domain', 'services', 'generated'],
  server: ['kernel', 'graphql'],
  sdk: [],
  mcp: ['kernel'],
  cli: ['kernel'],
  dashboard: [],
  generated: [],
};

/**
 * The nouns of `services`, each in a folder: one may import those to its left, and the files beside the folders may
 * import none. A story about a review may read runs; a story about a run can't know that there are reviews.
 */
const nounsOfServices = [
  'moves',
  'agents',
  'keys',
  'tasks',
  'events',
  'ops',
  'runs',
  'recurring',
  'pipelines',
  'questions',
  'dispatch',
  'reviews',
  'webhooks',
  'attention',
];

const folder = (layer) => `^src/${layer}/`;
const file = (path) => `^src/${path}\\.ts$`;
const types = (path) => ({ path, dependencyTypes: ['type-only'] });

/** Layers of which another layer may import only one file or only types. */
const doors = [
  { from: folder('telemetry'), to: types(folder('domain')) },
  { from: folder('postgres'), to: { path: [file('domain/refusals'), file('domain/events/event-types')] } },
  {
    from: folder('services'),
    to: {
      path: ['gateway/gateway', 'postgres/transaction', 'postgres/batch-queue', 'postgres/outage'].map(file),
    },
  },
  {
    from: folder('services'),
    to: types([file('postgres/database'), file('postgres/statement'), file('webhooks/http-sender')]),
  },
  { from: folder('graphql'), to: { path: [file('feed/hub'), file('feed/stream-interrupted')] } },
  { from: folder('graphql'), to: types(file('store/read-client')) },
  { from: folder('server'), to: { path: file('feed/hub') } },
  { from: folder('sdk'), to: { path: file('generated/operations') } },
  { from: folder('generated'), to: { path: file('sdk/operations/document-text') } },
  { from: folder('dashboard'), to: { path: [file('sdk/index'), folder('generated/dashboard')] } },
  { from: folder('server'), to: types(file('config/config')) },
  // The commands stand on the SDK's public door alone, so that they can do nothing that another program cannot do.
  { from: folder('verbs'), to: { path: [folder('verbs'), file('sdk/index')] } },
  { from: folder('mcp'), to: { path: [folder('verbs'), file('sdk/index')] } },
  { from: folder('cli'), to: { path: [folder('verbs'), folder('config'), file('sdk/index')] } },
  { from: folder('cli'), to: { path: [file('main'), file('migrate'), file('mcp/stdio')] } },
  // The rest of the SDK would be loaded to print a number.
  { from: file('cli/main'), to: { path: file('sdk/version') } },
  {
    from: file('migrate'),
    to: { path: [folder('config'), folder('kernel'), folder('postgres'), folder('telemetry')] },
  },
  { from: file('bin'), to: { path: [file('main'), file('cli/main')] } },
  {
    from: file('app'),
    to: { path: layers('kernel', 'telemetry', 'domain', 'postgres', 'store', 'gateway', 'webhooks') },
  },
  { from: file('app'), to: { path: layers('services', 'feed', 'scheduler', 'graphql', 'server') } },
  { from: file('app'), to: { path: [file('startup'), file('start-webhooks'), file('listen-to-feed')] } },
  { from: file('listen-to-feed'), to: { path: layers('services') } },
  { from: file('listen-to-feed'), to: types([file('feed/hub'), file('scheduler/scheduler')]) },
  {
    from: file('start-webhooks'),
    to: { path: [...layers('kernel', 'services'), file('graphql/webhooks/webhook-bodies')] },
  },
  {
    from: file('start-webhooks'),
    to: types([file('config/config'), file('feed/hub'), file('server/server'), file('startup')]),
  },
  // Requests of MCP clients are answered by tools that call the API of this process like any other client.
  { from: file('app'), to: { path: file('mcp/lazy-endpoint') } },
  { from: file('app'), to: { path: file('config/config') } },
  {
    from: file('startup'),
    to: { path: [...layers('kernel', 'postgres', 'store', 'services'), file('server/limits')] },
  },
  { from: file('startup'), to: types([file('config/config'), file('graphql/context')]) },
  {
    from: file('main'),
    to: { path: [file('app'), file('describe-start'), file('kernel/idle-collection'), folder('config')] },
  },
  { from: file('describe-start'), to: types(file('app')) },
];

/** Packages that only one layer may import, so that they can be replaced there. */
const secrets = {
  pg: ['postgres'],
  '@prisma/': ['postgres', 'store', 'generated'],
  '@pothos/': ['graphql', 'generated'],
  'graphql-yoga': ['server'],
  '@graphql-yoga/': ['server'],
  'graphql-jit': ['server'],
  'graphql-ws': ['server', 'sdk'],
  preact: ['dashboard'],
  '@preact/': ['dashboard'],
  'markdown-it': ['dashboard'],
  ws: ['server', 'gateway'],
  openai: ['gateway'],
  undici: ['gateway', 'webhooks'],
  standardwebhooks: ['webhooks'],
  'ipaddr.js': ['webhooks'],
  'cron-parser': ['domain'],
  cronstrue: ['domain'],
  commander: ['cli'],
  '@modelcontextprotocol/': ['mcp'],
  pino: ['telemetry'],
  'prom-client': ['telemetry'],
  '@opentelemetry/': ['telemetry'],
};

function of(layer) {
  return (noun) => `${layer}/${noun}`;
}

function layers(...names) {
  return names.map(folder);
}

module.exports = {
  allowedSeverity: 'error',
  allowed: [
    ...Object.entries(table).map(([layer, others]) => ({
      from: { path: folder(layer) },
      to: { path: layers(layer, ...others) },
    })),
    ...doors.map(({ from, to }) => ({ from: { path: from }, to })),
    { from: {}, to: { pathNot: '^src/' } },
  ],
  forbidden: [
    {
      name: 'no-cycles',
      comment:
        'Files must not import each other in a cycle: merge them, or move the common part to a third file.',
      severity: 'error',
      from: { pathNot: folder('generated') },
      to: { circular: true },
    },
    {
      name: 'no-orphans',
      comment: 'A file without an importer is unused.',
      severity: 'error',
      from: {
        orphan: true,
        pathNot: [
          file('main'),
          file('bin'),
          file('sdk/index'),
          folder('generated'),
          '\\.d\\.ts$',
          '^src/dashboard/main\\.tsx$',
        ],
      },
      to: {},
    },
    {
      name: 'no-unresolved',
      comment: 'An import that cannot be resolved.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
    ...nounsOfServices.map((noun, place) => ({
      name: `services-${noun}-imports-to-its-left`,
      comment: `${noun} may import ${['the root', ...nounsOfServices.slice(0, place)].join(', ')} of services.`,
      severity: 'error',
      from: { path: folder(`services/${noun}`) },
      to: {
        path: '^src/services/[^/]+/',
        pathNot: layers(...nounsOfServices.slice(0, place + 1).map(of('services'))),
      },
    })),
    {
      name: 'services-root-imports-no-noun',
      comment: 'The files beside the folders of services are used by all of them.',
      severity: 'error',
      from: { path: '^src/services/[^/]+\\.ts$' },
      to: { path: '^src/services/[^/]+/' },
    },
    {
      name: 'domain-is-pure',
      comment: 'Rules depend only on their arguments: no files, no sockets, no process.',
      severity: 'error',
      from: { path: folder('domain') },
      to: { dependencyTypes: ['core'], pathNot: '^(node:)?crypto$' },
    },
    ...Object.entries(secrets).map(([name, keepers]) => ({
      name: `${name.replace(/\W+/g, ' ').trim().replace(/ /g, '-')}-stays-in-${keepers[0]}`,
      comment: `Only ${keepers.join(' and ')} may import ${name}.`,
      severity: 'error',
      from: { path: '^src/', pathNot: layers(...keepers) },
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
