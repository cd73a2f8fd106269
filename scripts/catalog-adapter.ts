import { PrismaPg } from '@prisma/adapter-pg';
import { ColumnTypeEnum, type SqlQuery } from '@prisma/driver-adapter-utils';
import pg from 'pg';

/** The catalog's own one-byte type, written `"char"`, and the `char(1)` that stands in for it. */
const catalogChar = 18;
const bpchar = 1042;

/**
 * Prisma's adapter, able to read the system catalog. The schema engine reads columns of the type `"char"` there, which
 * the adapter refuses. So they arrive as `char(1)`, which it takes for text, and leave it as the characters they are.
 */
export function createCatalogAdapter(connectionString: string): PrismaPg {
  // One connection: its answers come in the order of the questions, so the columns noted last are this answer's.
  const pool = new pg.Pool({ connectionString, max: 1 });
  let charColumns: number[] = [];
  pool.on('connect', (client) => {
    client.connection.prependListener(
      'rowDescription',
      ({ fields }: { fields: { dataTypeID: number }[] }) => {
        charColumns = fields.flatMap((field, index) => (field.dataTypeID === catalogChar ? [index] : []));
        for (const index of charColumns) Object.assign(fields[index] ?? {}, { dataTypeID: bpchar });
      },
    );
  });
  const factory = new PrismaPg(pool, { disposeExternalPool: true });
  const connect = factory.connect.bind(factory);
  factory.connect = async () => {
    const adapter = await connect();
    const queryRaw = adapter.queryRaw.bind(adapter);
    adapter.queryRaw = async (query: SqlQuery) => {
      charColumns = [];
      const result = await queryRaw(query);
      for (const index of charColumns) result.columnTypes[index] = ColumnTypeEnum.Character;
      return result;
    };
    return adapter;
  };
  return factory;
}
