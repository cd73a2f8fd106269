import { CommandError } from '../failures.js';
import { defineCommand } from './command.js';

export const doctor = defineCommand({
  name: 'doctor',
  summary: 'Checks this machine, these settings and the server, and says what to do.',
  use: 'Use it when something does not work, and after an installation.',
  avoid: 'It changes nothing and sends nothing but reading requests.',
  examples: ['mc doctor', 'mc doctor --json'],
  async run(session) {
    const { runChecks } = await import('../doctor/checks.js');
    const checks = await runChecks(session);
    await session.printer.answer({
      data: checks,
      view: (look) => ({
        parts: checks.flatMap(({ isOk, text, remedy }) => [
          `${isOk ? look.paint('good', '✓') : look.paint('bad', '✕')} ${text}`,
          ...(isOk || remedy === null ? [] : [`  ${remedy}`]),
        ]),
      }),
    });
    const broken = checks.filter(({ isOk }) => !isOk).length;
    if (broken > 0)
      throw new CommandError(`${broken} of ${checks.length} checks failed.`, { code: 'CHECKS_FAILED' });
  },
});
