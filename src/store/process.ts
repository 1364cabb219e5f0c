// Who owns a running database server: a name that says which process started it and that a later process with the
// same number does not match.
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';

export type Owner = { readonly pid: number; readonly alive: boolean };

/** The name of a process: number, birth and the place where the number means something. */
export function ownerName(pid: number): string {
  return `usher/${pid}/${birth(pid) ?? 'unknown'}/${numberSpace()}`;
}

/**
 * The process behind a name, or nothing when it is not such a name. A process of another container counts as alive:
 * from here nobody can see whether it is dead, and taking its database away would be the greater harm.
 */
export function ownerOf(name: string): Owner | undefined {
  const parts = /^usher\/(\d+)\/(\w+)\/(\w+)$/.exec(name);
  if (parts === null) return undefined;
  const pid = Number(parts[1]);
  return { pid, alive: parts[3] !== numberSpace() || birth(pid) === parts[2] };
}

/** Whether a process exists and is more than a dead entry that its parent has not yet collected. */
export function isAlive(pid: number): boolean {
  return birth(pid) !== undefined;
}

// When a process began, in a form that is only compared. Undefined for a dead one and for a zombie: after kill -9 a
// lazy init leaves the entry for seconds, and the number alone would look alive.
function birth(pid: number): string | undefined {
  try {
    if (process.platform === 'linux') {
      // The command name in parentheses may hold spaces, so count from its end: state is field 3, start time field 22.
      const stat = fs.readFileSync(`/proc/${pid}/stat`, 'utf8');
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      return fields[0] === 'Z' || fields[0] === 'X' ? undefined : fields[19];
    }
    const line = execFileSync('ps', ['-o', 'stat=,lstart=', '-p', String(pid)], { encoding: 'utf8' }).trim();
    return line === '' || line.startsWith('Z') ? undefined : line.replace(/^\S+/, '').replace(/\W+/g, '');
  } catch {
    return undefined;
  }
}

function numberSpace(): string {
  try {
    return fs.readlinkSync('/proc/self/ns/pid').replace(/\D+/g, '');
  } catch {
    return 'host';
  }
}
