/**
 * Reports progress one message at a time. A program may write thousands of lines in a second, so what comes during a report
 * is replaced by what comes after it.
 */
export function latestOnly<Message>(
  report: (message: Message) => Promise<void>,
  onError: (error: unknown) => void,
): (message: Message) => void {
  let waiting: { readonly message: Message } | undefined;
  let isReporting = false;
  const work = async () => {
    isReporting = true;
    while (waiting !== undefined) {
      const { message } = waiting;
      waiting = undefined;
      await report(message).catch(onError);
    }
    isReporting = false;
  };
  return (message) => {
    waiting = { message };
    if (!isReporting) void work();
  };
}
