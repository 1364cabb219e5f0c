// The organization of the crash test: forty people, thirty packages of every kind of approval, roles that packages share, and
// pairs that exclude each other.

export const PEOPLE = 40;
export const PACKAGES = 30;

const two = (n: number): string => String(n).padStart(2, '0');
export const user = (n: number): string => `p${two(n)}`;
export const packageName = (n: number): string => `Pack ${two(n)}`;

/** As a blueprint. */
export function organization(): string {
  const person = (n: number): string =>
    `  - { key: ${user(n)}, name: Person ${two(n)}, timeZone: Europe/Berlin, identities: [{ platform: web, tenant: demo, user: ${user(n)} }]${
      n > 4 ? `, manager: ${user((n % 4) + 1)}` : ''
    } }`;
  const stages = [
    '',
    `approval: [{ approvers: [${user(5)}, ${user(6)}, ${user(7)}] }], `,
    'approval: [{ approvers: manager, fallbacks: [p08] }, { approvers: { group: Approvers }, approvalsRequired: 2 }], ',
    'approval: [{ approvers: { group: Approvers }, approvalsRequired: 2 }], ',
    '',
  ];
  const apart: Readonly<Record<number, number>> = { 5: 10, 15: 20 };
  const pack = (n: number): string => `
      - name: ${packageName(n)}
        roles: [R${n % 3} / A${n % 4}, R${n % 3} / A${(n + 1) % 4}]
        ${apart[n] === undefined ? '' : `incompatibleWith: [{ package: Pack ${apart[n]}, mutual: true }]`}
        policies: [{ name: All, who: allMembers, ${stages[n % 5] ?? ''}expires: ${n % 5 === 0 ? '8 hours' : '30 days'}, reason: optional }]`;
  const numbers = (count: number): number[] => Array.from({ length: count }, (_, index) => index + 1);
  return `
organization: { name: Woodgrove, timeZone: Europe/Berlin }
people:
${numbers(PEOPLE).map(person).join('\n')}
groups: [{ name: Approvers, people: [p08, p09, p10, p11] }]
installations: [{ platform: web, tenant: demo }]
administrators: p01
catalogs:
  - name: Works
    owners: p02
    resources: [${[0, 1, 2].map((n) => `{ name: R${n}, connector: local, roles: [A0, A1, A2, A3] }`).join(', ')}]
    packages:${numbers(PACKAGES).map(pack).join('')}
`;
}
