import { PrismaPg } from '@prisma/adapter-pg';
import { ColumnTypeEnum, type SqlQuery } from '@prisma/driver-adapter-utils';
import pg from 'pg';
import { type PoolOptions, pinSession } from '../src/postgres/session.js';

/** The catalog's one-byte type, written `"char"`, and its replacement `char(1)`. */
const catalogChar = 18;
const bpchar = 1042;

/**
 * Creates Prisma's adapter so that it can read the system catalog. The schema engine reads catalog columns of the type
 * `"char"`, which the adapter refuses. So these columns are presented to the adapter as `char(1)`, which it accepts as text,
 * and are returned to the engine as characters.
 */
export function createCatalogAdapter(connectionString: string): PrismaPg {
  // One connection answers in order, so the columns recorded last belong to the current answer.
  const options: PoolOptions = { connectionString, max: 1, onConnect: (client) => pinSession(client) };
  const pool = new pg.Pool(options);
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
