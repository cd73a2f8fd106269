import { readFile, writeFile } from 'node:fs/promises';
import { CommandError } from '../failures.js';
import { defineCommand } from './command.js';

const BEGIN = '<!-- mission-control:begin, written by "mc skills install" -->';
const END = '<!-- mission-control:end -->';

const SECTION = `## Mission Control

Work for you comes from Mission Control. Begin with \`mc prime\`: it says who you are, how to claim, hand in, ask and give
back, and what waits now. In short:

- \`mc task claim --json\` gets a task. Keep \`run.id\` of the answer.
- \`mc task progress RUN "…"\` during long work, \`mc task renew RUN\` every few minutes.
- \`mc task complete RUN --resolution @result.md\` hands in the result.
- \`mc task release RUN --reason "…"\` gives the task back; \`mc task fail RUN --error "…"\` gives it up.
- \`mc question ask RUN "…"\` asks a person. It ends the run; the answer brings the task back to you.
- If a command answers LEASE_LOST, stop working on that task.

\`mc help agents\` and \`mc COMMAND --help\` say more.`;

export const installSkills = defineCommand({
  name: 'skills install',
  summary: 'Writes a section on Mission Control into AGENTS.md or CLAUDE.md.',
  use: 'Use it once in each project in which agents work. A repeat replaces the section.',
  avoid: 'For one session "mc prime" is enough.',
  examples: ['mc skills install', 'mc skills install --file CLAUDE.md'],
  options: (command) => command.option('--file <path>', 'The file.', 'AGENTS.md'),
  async run({ printer }, command) {
    const { file } = command.opts<{ file: string }>();
    const isNew = await install(file);
    await printer.answer({
      data: { file, isNew },
      view: (look) => ({
        parts: [`${look.paint('good', '✓')} ${file}: section ${isNew ? 'added' : 'replaced'}`],
      }),
    });
  },
});

async function install(file: string): Promise<boolean> {
  const section = `${BEGIN}\n${SECTION}\n${END}`;
  try {
    const present = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return '';
      throw error;
    });
    const [from, to] = [present.indexOf(BEGIN), present.indexOf(END)];
    const isNew = from < 0 || to < from;
    const added = `${present.trimEnd()}${present.trim() === '' ? '' : '\n\n'}${section}\n`;
    await writeFile(file, isNew ? added : present.slice(0, from) + section + present.slice(to + END.length));
    return isNew;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new CommandError(`${file} cannot be written: ${reason}`, {
      code: 'FILE_NOT_WRITTEN',
      cause: error,
    });
  }
}
