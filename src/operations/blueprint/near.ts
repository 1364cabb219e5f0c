// Names that were probably meant: few letters wrong, swapped, missing, or only the beginning written.

/** The names closest to what was written, best first; none when nothing is close. */
export function near(written: string, names: Iterable<string>, limit = 3): string[] {
  const want = fold(written);
  const most = Math.max(1, Math.floor(want.length / 3));
  const found: { name: string; cost: number }[] = [];
  for (const name of new Set(names)) {
    const have = fold(name);
    const begun = want.length >= 3 && have.startsWith(want);
    const cost = begun ? 0.5 + (have.length - want.length) / 1000 : distance(want, have, most);
    if (cost <= most) found.push({ name, cost });
  }
  return found
    .sort((a, b) => a.cost - b.cost || a.name.localeCompare(b.name))
    .slice(0, limit)
    .map(({ name }) => name);
}

/** Case, accents and spaces are what people get wrong first. */
function fold(text: string): string {
  return text.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase().replace(/\s+/g, ' ').trim();
}

/** Edits between two texts, two swapped neighbours counting once; stops early above `most`. */
function distance(a: string, b: string, most: number): number {
  if (Math.abs(a.length - b.length) > most) return most + 1;
  let before: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i += 1) {
    const row = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1;
      let cost = Math.min((last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, (last[j - 1] ?? 0) + same);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        cost = Math.min(cost, (before[j - 2] ?? 0) + 1);
      row.push(cost);
    }
    if (Math.min(...row) > most) return most + 1;
    [before, last] = [last, row];
  }
  return last[b.length] ?? most + 1;
}
