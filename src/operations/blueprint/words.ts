// Numbers and instants in the sentences of a plan.

/** `1 day`, `3 days`. */
export const count = (n: number, noun: string, nouns = `${noun}s`): string => `${n} ${n === 1 ? noun : nouns}`;

/** `1 person holds it`, `12 people hold it`. */
export const holding = (n: number, what: string): string =>
  n === 1 ? `1 person holds ${what}` : `${n} people hold ${what}`;

/** `2026-11-26 09:30 UTC`: the files of an organization may be applied from anywhere. */
export const minute = (instant: Date): string => `${instant.toISOString().slice(0, 16).replace('T', ' ')} UTC`;
