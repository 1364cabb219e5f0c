// What a database address may look like, and the error that tells the person who starts Usher what to do about the
// database. Knows no driver, so that the configuration can use it without loading one.

/** A reason why no database can be used, written for the person at the terminal: print the message, not the stack. */
export class DatabaseProblem extends Error {
  override readonly name = 'DatabaseProblem';
}

/** Says what is wrong with a PostgreSQL address, or nothing. Never repeats the address: it may hold a password. */
export function addressProblem(address: string): string | undefined {
  if (address.trim() === '') return 'is empty';
  const scheme = /^postgres(?:ql)?:\/\//.exec(address);
  if (scheme === null) return 'must start with postgres:// or postgresql://';

  // The form for a unix socket (postgres://user@/name?host=/folder) has no host, which URL refuses.
  const rest = address.slice(scheme[0].length).replace(/^([^/?#]*@)?(?=\/)/, '$1socket');
  let url: URL;
  try {
    url = new URL(`postgres://${rest}`);
    decodeURIComponent(url.username + url.password + url.pathname);
  } catch {
    return 'is not an address; special characters in the password must be written as %XX';
  }
  if (url.pathname.length < 2) return 'names no database; write postgres://user:password@host:5432/name';
  if (url.hostname === 'socket' && !url.searchParams.has('host') && !rest.includes('socket:'))
    return 'names no host; write postgres://user:password@host:5432/name';
  return undefined;
}
