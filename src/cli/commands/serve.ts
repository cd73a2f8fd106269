import { defineCommand } from './command.js';

export const serve = defineCommand({
  name: 'serve',
  summary: 'Starts the server.',
  use: 'Use it on the machine that hands out the work. Its settings are the environment variables of docs/operations.md.',
  avoid: 'A service manager runs it as well: "mission-control" without arguments is the same.',
  examples: ['mc serve', 'MC_PORT=4100 MC_DATA_DIR=/var/lib/mc mc serve'],
  async run({ hold }) {
    hold();
    await import('../../main.js');
  },
});

export const migrate = defineCommand({
  name: 'migrate',
  summary: 'Applies the pending migrations of the database, and ends.',
  use: 'Use it before an update, when the server must not do it at its start.',
  avoid: 'A starting server applies them by itself.',
  examples: ['mc migrate', 'DATABASE_URL=postgres://… mc migrate'],
  async run({ printer, env }) {
    const { migrateDatabase } = await import('../../migrate.js');
    const applied = await migrateDatabase(env);
    await printer.answer({
      data: { applied },
      view: (look) => ({
        parts: [
          `${look.paint('good', '✓')} ${applied.length === 0 ? 'No migration is pending.' : `Applied: ${applied.join(', ')}`}`,
        ],
      }),
    });
  },
});
