#!/usr/bin/env node
import { processEnvironment } from '../config/process-environment.js';
import { runCli } from './run.js';

await runCli(process.argv.slice(2), processEnvironment());
