// How a figure comes about: the limit and the product by turns, and the median of the ratios of the pairs, with how far the
// pairs lie apart. A machine that does other work at the same time slows both sides of a pair; what is too uneven fails.
import os from 'node:os';

/** One run of one side: how much it did in how many seconds. */
export interface Leg {
  readonly done: number;
  readonly seconds: number;
  readonly [more: string]: number;
}

export interface Figure {
  readonly id: string;
  readonly what: string;
  /** `rate`: product per second / limit per second, at least `target`. `time`: product's seconds / limit's, at most. */
  readonly as: 'rate' | 'time';
  readonly target: number;
  readonly limit: () => Promise<Leg>;
  readonly product: () => Promise<Leg>;
}

export interface Line {
  readonly id: string;
  readonly what: string;
  readonly figure: number;
  readonly target: string;
  readonly met: boolean;
  readonly [more: string]: unknown;
}

/** More than this between the best and the worst pair is noise and no figure. */
const MOST_SPREAD = 2;

/** Measures in pairs, limit first. */
export async function inPairs(figure: Figure, pairs: number): Promise<Line> {
  const legs: { limit: Leg; product: Leg }[] = [];
  const loadBefore = os.loadavg()[0];
  for (let pair = 0; pair < pairs; pair += 1)
    legs.push({ limit: await figure.limit(), product: await figure.product() });
  const speed = (leg: Leg): number => leg.done / leg.seconds;
  const ratios = legs.map(({ limit, product }) =>
    figure.as === 'rate' ? speed(product) / speed(limit) : speed(limit) / speed(product),
  );
  const found = median(ratios);
  const spread = Math.max(...ratios) / Math.min(...ratios);
  const even = spread <= MOST_SPREAD;
  return {
    id: figure.id,
    what: figure.what,
    figure: round(found),
    target: `${figure.as === 'rate' ? '>=' : '<='} ${figure.target}`,
    met: even && (figure.as === 'rate' ? found >= figure.target : found <= figure.target),
    spread: round(spread),
    ...(even ? {} : { noise: `spread over ${MOST_SPREAD}` }),
    ratios: ratios.map(round),
    limitPerSecond: legs.map(({ limit }) => Math.round(speed(limit))),
    productPerSecond: legs.map(({ product }) => Math.round(speed(product))),
    hostLoad: [loadBefore, os.loadavg()[0]].map((load) => round(load ?? 0)),
  };
}

/** A figure of the product alone, against a bound. */
export function alone(
  id: string,
  what: string,
  figure: number,
  bound: { readonly atMost: number } | { readonly atLeast: number },
  more: Record<string, unknown> = {},
): Line {
  const met = 'atMost' in bound ? figure <= bound.atMost : figure >= bound.atLeast;
  const target = 'atMost' in bound ? `<= ${bound.atMost}` : `>= ${bound.atLeast}`;
  return { id, what, figure: round(figure), target, met, ...more, hostLoad: [round(os.loadavg()[0] ?? 0)] };
}

/** `workers` loops of `act` for so long; every act counts its own work, and null ends the loop. */
export async function during(
  seconds: number,
  workers: number,
  act: (worker: number) => Promise<number | null>,
): Promise<Leg> {
  const took: number[] = [];
  let done = 0;
  const from = now();
  const end = from + seconds * 1000;
  await Promise.all(
    Array.from({ length: workers }, async (_, worker) => {
      while (now() < end) {
        const start = now();
        const count = await act(worker);
        if (count === null) return;
        took.push(now() - start);
        done += count;
      }
    }),
  );
  return {
    done,
    seconds: (now() - from) / 1000,
    p50: quantile(took, 0.5),
    p95: quantile(took, 0.95),
    p99: quantile(took, 0.99),
  };
}

/** How long this took, in milliseconds. */
export async function timed(act: () => Promise<unknown>): Promise<number> {
  const start = now();
  await act();
  return now() - start;
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** The value that this share of all values does not exceed. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
}

/** Three places that count. */
export function round(value: number): number {
  return Number(value.toPrecision(3));
}

function now(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
