import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { bindMigrationAwareSqlAdapterFactory } from '@prisma/driver-adapter-utils';
import type { SchemaEngine } from '@prisma/schema-engine-wasm';
import { createCatalogAdapter } from './catalog-adapter.js';

// The Node types of this version declare only the name.
declare global {
  namespace WebAssembly {
    function compile(bytes: Uint8Array): Promise<object>;
    function instantiate(
      module: object,
      imports: Record<string, unknown>,
    ): Promise<{ exports: Record<string, unknown> }>;
  }
}

/** The JavaScript beside the engine's WebAssembly file. The package's entry imports that file, which Node 20 can't. */
interface EngineGlue {
  SchemaEngine: typeof SchemaEngine;
  __wbg_set_wasm(exports: Record<string, unknown>): void;
}

/** One engine for the whole process, because a second one would replace the memory of the first. */
let engineGlue: Promise<EngineGlue> | null = null;

/**
 * Returns the SQL that would change the connected database into what schema.prisma describes; empty if they agree. It uses
 * Prisma's schema engine as WebAssembly, so nothing is downloaded. The engine ignores CHECK constraints, functions, triggers,
 * partial indexes and indexes on expressions.
 */
export async function diffDatabase(connectionString: string, schema: string): Promise<string> {
  const files = [{ path: 'schema.prisma', content: schema }];
  engineGlue ??= loadEngine();
  const { SchemaEngine } = await engineGlue;
  const adapter = bindMigrationAwareSqlAdapterFactory(createCatalogAdapter(connectionString));
  const engine = await SchemaEngine.new(
    { datamodels: [['schema.prisma', schema]] },
    () => undefined,
    adapter,
  );
  try {
    const { stdout } = await engine.diff({
      from: { tag: 'schemaDatasource', files, configDir: '.' },
      to: { tag: 'schemaDatamodel', files },
      script: true,
      exitCode: null,
      filters: { externalTables: [], externalEnums: [] },
    });
    return isEmptyScript(stdout ?? '') ? '' : (stdout ?? '');
  } finally {
    engine.free();
  }
}

async function loadEngine(): Promise<EngineGlue> {
  reportPanics();
  const gluePath = createRequire(import.meta.url).resolve('@prisma/schema-engine-wasm/schema_engine_bg');
  const glue: EngineGlue = await import(gluePath);
  const wasm = await WebAssembly.compile(await readFile(gluePath.replace(/\.js$/, '.wasm')));
  const { exports } = await WebAssembly.instantiate(wasm, { './schema_engine_bg.js': glue });
  glue.__wbg_set_wasm(exports);
  if (typeof exports.__wbindgen_start === 'function') exports.__wbindgen_start();
  return glue;
}

/** The engine reports the reason of a panic to this global. Without it the error is only "unreachable". */
function reportPanics(): void {
  const registry = {
    set_message(message: string) {
      process.stderr.write(`schema engine: ${message}\n`);
    },
  };
  Object.assign(globalThis, { PRISMA_WASM_PANIC_REGISTRY: registry });
}

function isEmptyScript(script: string): boolean {
  return script
    .split('\n')
    .every((line) => line.trim() === '' || line.startsWith('-- This is an empty migration'));
}
