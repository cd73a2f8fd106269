import { emitKeypressEvents, type Key } from 'node:readline';
import type { Size } from './frame.js';

/** A terminal that a program has for itself. */
export interface Screen {
  size(): Size;
  /** Shows lines. Only those that have changed are sent, because the terminal may be far away. */
  show(lines: readonly string[]): void;
  /** Leaves the terminal as it was. */
  close(): void;
}

const ENTER = '\u001b[?1049h\u001b[?25l\u001b[2J';
const LEAVE = '\u001b[?25h\u001b[?1049l';

/** Takes the terminal: the alternate screen, without a cursor and without echo. */
export function openScreen(on: { key(key: Key): void; resize(): void }): Screen {
  const { stdin, stdout } = process;
  let shown: readonly string[] = [];
  let isOpen = true;
  const onKey = (text: string | undefined, key: Key | undefined) => on.key(key ?? { sequence: text ?? '' });
  const onResize = () => {
    shown = [];
    stdout.write('\u001b[2J');
    on.resize();
  };
  const close = () => {
    if (!isOpen) return;
    isOpen = false;
    stdin.off('keypress', onKey);
    stdout.off('resize', onResize);
    process.off('exit', close);
    stdin.setRawMode(false);
    stdin.pause();
    stdout.write(LEAVE);
  };
  emitKeypressEvents(stdin);
  stdin.setRawMode(true);
  stdin.resume();
  stdin.on('keypress', onKey);
  stdout.on('resize', onResize);
  // An error that nothing catches must not leave the terminal without echo.
  process.on('exit', close);
  stdout.write(ENTER);
  return {
    size: () => ({ columns: stdout.columns, rows: stdout.rows }),
    show(lines) {
      const changed = lines.flatMap((line, row) =>
        line === shown[row] ? [] : [`\u001b[${row + 1};1H${line}\u001b[0m\u001b[K`],
      );
      shown = lines;
      if (isOpen && changed.length > 0) stdout.write(changed.join(''));
    },
    close,
  };
}
