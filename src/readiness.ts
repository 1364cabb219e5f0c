// Whether this process can serve now, and why not: asked by whoever sends people to it. What the parts are is main's.

/** Says why a part cannot work, in words for operators and without secrets; null while it can. */
export type Check = () => string | null | Promise<string | null>;

export interface Readiness {
  /** From now on what the checks say counts; before, the process is starting. */
  open(checks: Readonly<Record<string, Check>>): void;
  /** For good: the process is about to end. */
  close(): void;
  /** Why not; none means ready. */
  problems(): Promise<readonly string[]>;
}

/** One look serves all who ask meanwhile: anybody may ask, and each look is a question to the database. */
const FRESH_MS = 1_000;
/** Who asks waits a few seconds at most; a part that cannot answer within this cannot serve either. */
const CHECK_MS = 3_000;

/** Begins as starting. */
export function createReadiness(
  limits: { readonly check: number; readonly fresh: number } = { check: CHECK_MS, fresh: FRESH_MS },
): Readiness {
  let phase: 'starting' | 'open' | 'stopping' = 'starting';
  let checks: Readonly<Record<string, Check>> = {};
  let last: { readonly at: number; readonly problems: Promise<readonly string[]> } | null = null;

  const look = async (): Promise<readonly string[]> => {
    const found = await Promise.all(
      Object.entries(checks).map(async ([name, check]) => {
        const why = await within(limits.check, check);
        return why === null ? [] : [`${name}: ${why}`];
      }),
    );
    return found.flat();
  };
  return {
    open(given) {
      checks = given;
      if (phase === 'starting') phase = 'open';
    },
    close() {
      phase = 'stopping';
    },
    async problems() {
      if (phase !== 'open') return [phase];
      const now = performance.now();
      if (last === null || now - last.at > limits.fresh) last = { at: now, problems: look() };
      const { problems } = last;
      return problems;
    },
  };
}

// An error says no more than that: its text may name hosts and accounts.
async function within(ms: number, check: Check): Promise<string | null> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<string>((resolve) => {
    timer = setTimeout(resolve, ms, `does not answer within ${Math.round(ms / 1000)} s`);
  });
  try {
    return await Promise.race([Promise.resolve().then(check), late]);
  } catch {
    return 'does not answer';
  } finally {
    clearTimeout(timer);
  }
}
