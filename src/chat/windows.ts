// Counting by the minute without growing: how often something of a key happened in the running window.

/** Counters of one kind. Each starts with the first count of its key; when there are too many, the oldest is forgotten. */
export class Windows {
  private readonly open = new Map<string, { readonly until: number; count: number }>();

  constructor(
    private readonly milliseconds: number,
    private readonly mostKeys: number,
    private readonly clock: () => number = Date.now,
  ) {}

  /** Counts once more; gives the count in this window, and that of the window before where this one has just begun. */
  add(key: string): { readonly count: number; readonly before: number } {
    const now = this.clock();
    const one = this.open.get(key);
    if (one !== undefined && now < one.until) return { count: (one.count += 1), before: 0 };
    this.open.delete(key);
    if (this.open.size >= this.mostKeys) this.open.delete(this.open.keys().next().value ?? '');
    this.open.set(key, { until: now + this.milliseconds, count: 1 });
    return { count: 1, before: one?.count ?? 0 };
  }
}
