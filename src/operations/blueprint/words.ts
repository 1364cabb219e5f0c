// Numbers in the sentences of a plan.

/** `1 day`, `3 days`. */
export const count = (n: number, noun: string, nouns = `${noun}s`): string => `${n} ${n === 1 ? noun : nouns}`;

/** `1 person holds it`, `12 people hold it`. */
export const holding = (n: number, what: string): string =>
  n === 1 ? `1 person holds ${what}` : `${n} people hold ${what}`;
