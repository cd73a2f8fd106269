import { handWritten } from './hand-written.js';
import { diffDatabase } from './schema-engine.js';

/**
 * Returns the SQL that would change a migrated database into schema.prisma, without the hand-written differences; empty if they
 * agree.
 */
export async function findDrift(connectionString: string, schema: string): Promise<string> {
  const script = await diffDatabase(connectionString, schema);
  // The engine puts a comment such as `-- CreateTable` before each statement.
  const statements = script.split(/^(?=-- )/m).filter((statement) => statement.trim() !== '');
  return statements.filter((statement) => !isHandWritten(statement)).join('');
}

function isHandWritten(statement: string): boolean {
  const dropped = /^DROP INDEX "(?<name>[^"]+)";$/m.exec(statement)?.groups?.name;
  if (dropped !== undefined) return handWritten.indexes.includes(dropped);
  const added = /^ALTER TABLE "[^"]+" ADD CONSTRAINT "(?<name>[^"]+)" FOREIGN KEY /m.exec(statement)?.groups
    ?.name;
  return added !== undefined && handWritten.missingForeignKeys.includes(added);
}
