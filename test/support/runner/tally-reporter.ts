import type { Reporter, TestModule } from 'vitest/node';

interface Tally {
  passed: number;
  failed: number;
  skipped: number;
}

/**
 * Prints one plain line at the end of a run, `12 passed, 0 failed`, which a program can parse without knowing vitest. It is
 * printed at exit, because the teardown may still print after the last reporter.
 */
export default class TallyReporter implements Reporter {
  private tally: Tally = { passed: 0, failed: 0, skipped: 0 };

  onInit(): void {
    process.once('exit', () => process.stdout.write(`${formatTally(this.tally)}\n`));
  }

  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly unknown[]): void {
    this.tally = { passed: 0, failed: unhandledErrors.length, skipped: 0 };
    for (const module of modules) countModule(module, this.tally);
  }
}

function countModule(module: TestModule, tally: Tally): void {
  // A file that could not be loaded, or a hook that threw, fails without a failed test.
  let failedTests = 0;
  for (const test of module.children.allTests()) {
    const { state } = test.result();
    if (state === 'passed') tally.passed += 1;
    else if (state === 'skipped') tally.skipped += 1;
    else failedTests += 1;
  }
  const failedWithoutTest = failedTests === 0 && module.state() === 'failed';
  tally.failed += failedWithoutTest ? 1 : failedTests;
}

function formatTally({ passed, failed, skipped }: Tally): string {
  const line = `${passed} passed, ${failed} failed`;
  return skipped === 0 ? line : `${line}, ${skipped} skipped`;
}
