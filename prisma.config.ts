import { defineConfig } from 'prisma/config';

// Prisma looks for its engine before every command and would download it, though `generate` and `validate` run
// without one. Any file that exists ends the search. Commands that do need the engine still find the real one.
const needsNoEngine = process.argv.some(
  (word) => word === 'generate' || word === 'validate' || word === 'format',
);
if (needsNoEngine) process.env.PRISMA_SCHEMA_ENGINE_BINARY ??= process.execPath;

const url = process.env.DATABASE_URL;

export default defineConfig({
  schema: 'prisma/schema.prisma',
  migrations: { path: 'prisma/migrations' },
  ...(url ? { datasource: { url } } : {}),
});
