/**
 * The results of the work on each item, in the order of the items. At most `limit` items are worked on at a time. After an error no
 * further item is begun, and the error is thrown when those under way have ended.
 */
export async function mapSeveral<Item, Result>(
  items: readonly Item[],
  limit: number,
  work: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = [];
  const waiting = items.entries();
  let hasFailed = false;
  async function take(): Promise<void> {
    for (const [place, item] of waiting) {
      if (hasFailed) return;
      results[place] = await work(item);
    }
  }
  const workers = Array.from({ length: limit }, () =>
    take().catch((error: unknown) => {
      hasFailed = true;
      throw error;
    }),
  );
  const [failed] = (await Promise.allSettled(workers)).filter(({ status }) => status === 'rejected');
  if (failed?.status === 'rejected') throw failed.reason;
  return results;
}
