/**
 * Options with which Node sends its process the signals as soon as it writes the text. Sent from outside they come
 * when they come: the process may be long past what it has written.
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
