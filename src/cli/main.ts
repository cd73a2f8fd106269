#!/usr/bin/env node
import { processEnvironment } from '../config/process-environment.js';
import { VERSION } from '../sdk/version.js';
import { useCompileCache } from './compile-cache.js';

const args = process.argv.slice(2);
const env = processEnvironment();
if (args.length === 1 && (args[0] === '--version' || args[0] === '-V')) {
  process.stdout.on('error', () => {
    process.exitCode = 1;
  });
  process.stdout.write(`${VERSION}\n`);
} else {
  useCompileCache(env);
  const { runCli } = await import('./run.js');
  await runCli(args, env);
}
