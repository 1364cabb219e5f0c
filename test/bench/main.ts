// npm run bench -- [scenario ...] [--small] [--pairs 5] [--seconds 4] [--warm 1] [--minutes 20]: one JSON line for each figure; ends with 1 where a target is
// missed or the pairs lie too far apart. Which scenarios there are and what they mean: README.md.
import os from 'node:os';
import { parseArgs } from 'node:util';
import type { Bench } from './bench';
import { p8 } from './callback';
import { p9 } from './decide';
import { p2, p2Growth } from './expiry';
import { p5 } from './list';
import type { Line } from './measure';
import { cloneOf, startServer } from './server';
import { p7 } from './outbox';
import { soak } from './soak';
import { p14 } from './start';
import { p1, p1Growth } from './submit';

const SCENARIOS: Readonly<Record<string, (bench: Bench) => Promise<Line[]>>> = {
  p1,
  p9,
  p2,
  p5,
  p7,
  p8,
  p14,
  'p1-growth': p1Growth,
  'p2-growth': p2Growth,
  soak,
};

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      small: { type: 'boolean', default: false },
      pairs: { type: 'string', default: '5' },
      warm: { type: 'string', default: '1' },
      seconds: { type: 'string', default: '4' },
      minutes: { type: 'string', default: '20' },
    },
  });
  const wanted = positionals.length > 0 ? positionals : Object.keys(SCENARIOS);
  for (const name of wanted) {
    if (SCENARIOS[name] === undefined) throw new Error(`no scenario "${name}": ${Object.keys(SCENARIOS).join(', ')}`);
  }
  const say = (line: object): void => void process.stdout.write(`${JSON.stringify(line)}\n`);
  const server = startServer();
  let missed = 0;
  try {
    const size = values.small ? { people: 5_000, assignments: 50_000 } : { people: 100_000, assignments: 1_000_000 };
    const bench: Bench = {
      size,
      pairs: Number(values.pairs),
      seconds: Number(values.seconds),
      minutes: Number(values.minutes),
      warm: Number(values.warm),
      clone: (other = size) => cloneOf(server, other, say),
    };
    say({ machine: os.cpus()[0]?.model, cpus: os.cpus().length, node: process.version, ...size, small: values.small });
    for (const name of wanted) {
      for (const line of (await SCENARIOS[name]?.(bench)) ?? []) {
        say(line);
        if (!line.met) missed += 1;
      }
    }
  } finally {
    await server.stop();
  }
  if (missed > 0) process.exitCode = 1;
}

void main();
