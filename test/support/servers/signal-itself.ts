/**
 * Node options that make a process send itself the signals when it writes the text. Signals from outside may arrive much later
 * than the output.
 */
export function signalItself(text: string, ...signals: readonly NodeJS.Signals[]): string[] {
  const script = `const { stdout } = process;
    const write = stdout.write.bind(stdout);
    let signals = ${JSON.stringify(signals)};
    stdout.write = (text, ...rest) => {
      if (String(text).includes(${JSON.stringify(text)}))
        for (const signal of signals.splice(0)) process.kill(process.pid, signal);
      return write(text, ...rest);
    };`;
  return ['--import', `data:text/javascript,${encodeURIComponent(script)}`];
}
