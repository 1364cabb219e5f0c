// What happened at Woodgrove: each story is a few acts in order, days ago and time of day (UTC), or minutes ago. Chosen so
// that every list has something in it; nothing here knows how an act is done.

/** One thing that somebody did. `request` of an act is the one that its story asked last. */
export type Act =
  | ({
      readonly kind: 'ask' | 'assign';
      readonly who: string;
      readonly package: string;
      readonly reason: string;
    } & More)
  | { readonly kind: 'approve' | 'deny'; readonly who: string; readonly reason?: string }
  | { readonly kind: 'cancel'; readonly who: string }
  | { readonly kind: 'extend'; readonly who: string; readonly package: string; readonly reason: string }
  | { readonly kind: 'giveUp'; readonly who: string; readonly package: string }
  | {
      readonly kind: 'remove';
      readonly who: string;
      readonly from: string;
      readonly package: string;
      readonly reason: string;
    }
  | { readonly kind: 'done'; readonly who: string; readonly note: string; readonly scope?: string }
  /** Offered and accepted, for so many days. */
  | { readonly kind: 'delegate'; readonly who: string; readonly to: string; readonly days: number };

interface More {
  readonly for?: string;
  readonly policy?: string;
  readonly answers?: Readonly<Record<string, string>>;
  /** Days until the asked start. */
  readonly startsIn?: number;
}

export interface Moment {
  readonly days: number;
  /** `09:30`, or a number of minutes ago. */
  readonly time: string | number;
  readonly act: Act;
}

const on = (days: number, time: string, act: Act): Moment => ({ days, time, act });
const ago = (minutes: number, act: Act): Moment => ({ days: 0, time: minutes, act });
const ask = (who: string, name: string, reason: string, more: More = {}): Act => ({
  kind: 'ask',
  who,
  package: name,
  reason,
  ...more,
});
const assign = (who: string, to: string, name: string, reason: string, policy: string): Act => ({
  kind: 'assign',
  who,
  for: to,
  package: name,
  reason,
  policy,
});
const approve = (who: string, reason?: string): Act => ({
  kind: 'approve',
  who,
  ...(reason === undefined ? {} : { reason }),
});
const deny = (who: string, reason: string): Act => ({ kind: 'deny', who, reason });
const cancel = (who: string): Act => ({ kind: 'cancel', who });
const extend = (who: string, name: string, reason: string): Act => ({ kind: 'extend', who, package: name, reason });
const giveUp = (who: string, name: string): Act => ({ kind: 'giveUp', who, package: name });
const remove = (who: string, from: string, name: string, reason: string): Act => ({
  kind: 'remove',
  who,
  from,
  package: name,
  reason,
});
const done = (who: string, note: string, scope?: string): Act => ({
  kind: 'done',
  who,
  note,
  ...(scope === undefined ? {} : { scope }),
});

const finance: readonly (readonly Moment[])[] = [
  [
    on(88, '08:10', ask('clara.hofer', 'Enter invoices', 'I take over the suppliers A to K from Peter.')),
    on(87, '09:30', approve('ana.berger')),
  ],
  [on(86, '08:40', ask('daniel.novak', 'Enter invoices', 'Suppliers L to Z.')), on(86, '10:05', approve('ana.berger'))],
  [
    on(
      85,
      '09:00',
      ask('ana.berger', 'Approve invoices', 'Releases for all of accounting.', {
        answers: { 'cost-centre': '4100 Accounting', limit: '100,000 €' },
      }),
    ),
    on(85, '11:20', approve('elena.fischer')),
    on(84, '08:50', approve('ben.carter', 'Limit checked against the signature list.')),
  ],
  [
    on(63, '07:30', ask('daniel.novak', 'Month-end close', 'Accruals for the quarter.')),
    on(63, '08:00', approve('ana.berger')),
    on(56, '09:15', extend('daniel.novak', 'Month-end close', 'Two late invoices from the carrier.')),
    on(56, '13:40', approve('ben.carter')),
  ],
  [
    on(33, '11:00', ask('ines.costa', 'Month-end close', 'Posting the Brazilian receivables.')),
    on(33, '12:30', approve('ben.carter')),
    on(28, '17:20', giveUp('ines.costa', 'Month-end close')),
  ],
  [
    on(40, '14:00', ask('george.miller', 'Treasury trading', 'Hedging the dollar invoices.')),
    on(40, '15:10', approve('ben.carter')),
    on(39, '08:20', approve('elena.fischer')),
    on(38, '16:00', deny('ruth.cohen', 'The market abuse course is missing. Please take it and ask again.')),
  ],
  [
    on(
      20,
      '14:05',
      ask('george.miller', 'Treasury trading', 'Hedging the dollar invoices. The course is done (certificate 2231).'),
    ),
    on(20, '15:00', approve('ben.carter')),
    on(19, '08:10', approve('elena.fischer')),
    on(18, '10:30', approve('omar.haddad', 'Certificate seen.')),
  ],
  [
    on(3, '12:00', ask('ines.costa', 'Pay invoices', 'Payment run for São Paulo while Daniel is on holiday.')),
    on(2, '09:00', approve('ben.carter')),
  ],
  [
    on(50, '09:00', ask('elena.fischer', 'Bank portal signatory', 'New bank, new tokens.')),
    on(49, '10:00', approve('nora.wagner')),
    on(47, '13:00', done('ben.carter', 'Token 88-1204 handed over, passport checked.')),
  ],
  [
    on(5, '14:30', ask('george.miller', 'Bank portal signatory', 'Second signature for New York.')),
    on(4, '09:20', approve('marcus.oneill')),
  ],
  [on(70, '01:15', ask('yuki.tanaka', 'Read the books', 'Quarterly analysis for Asia.'))],
  [on(2, '10:40', ask('felix.brandt', 'Read the books', 'Margins of the European dealers.'))],
  [
    on(
      25,
      '09:45',
      assign(
        'clara.hofer',
        'julia.stein',
        'Read the books',
        'Checks of the travel expenses with the works council.',
        'By owners',
      ),
    ),
  ],
  [
    on(24, '13:10', ask('zoe.bennett', 'Read the books', 'Cost of the spring campaign.')),
    on(24, '14:00', approve('simon.keller')),
    on(20, '08:30', remove('ana.berger', 'zoe.bennett', 'Read the books', 'The spring campaign is closed.')),
  ],
  // Once the request is over, the access goes on by the assignment alone.
  [
    on(58, '09:20', ask('nina.kowalska', 'Read the books', 'Cost of last year’s fairs.')),
    on(58, '11:00', approve('simon.keller')),
    on(
      35,
      '10:15',
      assign('ana.berger', 'nina.kowalska', 'Read the books', 'Plans the fairs of next year.', 'By owners'),
    ),
  ],
  [on(60, '07:50', ask('simon.keller', 'Budget planning', 'Marketing budget.'))],
  [
    on(1, '08:20', ask('clara.hofer', 'Month-end close', 'Close of this month.', { startsIn: 7 })),
    on(1, '09:05', approve('ana.berger')),
  ],
];

const engineering: readonly (readonly Moment[])[] = [
  [on(80, '05:30', ask('arjun.mehta', 'Contribute code', 'New in the team.'))],
  [on(79, '07:40', ask('lea.dubois', 'Contribute code', 'Garden planner, mobile.'))],
  [
    on(70, '10:00', ask('contoso.mateo.silva', 'Contribute code', 'Migration of the warehouse interface.')),
    on(69, '08:30', approve('lukas.gruber')),
    on(67, '11:00', approve('omar.haddad')),
    on(12, '09:10', extend('contoso.mateo.silva', 'Contribute code', 'The second warehouse follows in autumn.')),
    on(11, '08:40', approve('lukas.gruber')),
  ],
  [
    on(
      1,
      '09:30',
      ask('contoso.mateo.silva', 'Contribute code', 'Second warehouse; my extension was not decided in time.'),
    ),
  ],
  [
    on(30, '03:00', ask('contoso.lin.chen', 'Contribute code', 'Point-of-sale rollout in Singapore.')),
    on(29, '06:10', approve('maya.iyer')),
    on(28, '15:00', approve('ruth.cohen')),
  ],
  [
    on(
      12,
      '08:00',
      ask('lea.dubois', 'Production data, read only', 'Orders that vanish from the basket, ticket 8812.'),
    ),
    on(12, '13:20', approve('sam.park')),
  ],
  [
    on(9, '15:00', ask('noah.kim', 'Production data, read only', 'Load test with real orders.')),
    on(9, '15:45', deny('petra.horvat', 'Please use the masked test copy for load tests.')),
  ],
  [on(31, '18:00', ask('oliver.brown', 'On call in production', 'Night shift.'))],
  [on(3, '18:00', ask('petra.horvat', 'On call in production', 'Night shift.'))],
  [ago(120, ask('oliver.brown', 'On call in production', 'Shift until this evening.'))],
  [
    on(
      15,
      '09:00',
      ask('petra.horvat', 'Production administrator', 'Change of the storage class.', {
        answers: { incident: 'CHG-3391', what: 'Move two volumes to the new class.' },
      }),
    ),
    on(15, '09:20', approve('oliver.brown', 'Change reviewed.')),
    on(15, '09:40', approve('lukas.gruber', 'Window agreed with support.')),
  ],
  [
    ago(
      330,
      ask('sam.park', 'Production administrator', 'The replica lags.', {
        answers: { incident: 'INC-1077', what: 'Rebuild the replica in Frankfurt.' },
      }),
    ),
    ago(300, approve('lukas.gruber', 'Seen in the incident channel.')),
    ago(45, ask('mia.schuster', 'Remote work', 'Home office on Fridays.')),
  ],
  [on(55, '02:00', ask('hiroshi.sato', 'Data lake analyst', 'Forecast model.')), on(54, '06:00', approve('maya.iyer'))],
  [
    on(82, '09:00', ask('zoe.bennett', 'Data lake analyst', 'Which campaigns sell.')),
    on(82, '10:00', approve('simon.keller')),
  ],
  [
    on(84, '14:30', ask('diego.alvarez', 'Data lake analyst', 'Which pictures sell.')),
    on(84, '15:30', approve('simon.keller')),
    on(5, '14:10', extend('diego.alvarez', 'Data lake analyst', 'The autumn catalogue needs it.')),
  ],
  [on(2, '05:30', ask('rahul.verma', 'Feature flags', 'Release of the new basket.'))],
  [
    on(65, '08:00', ask('lea.dubois', 'Read code', 'Mia writes the translations.', { for: 'mia.schuster' })),
    on(64, '06:30', approve('maya.iyer')),
  ],
  [on(1, '08:45', ask('paul.meier', 'Read code', 'Jonas looks into the kiosk client.', { for: 'jonas.weber' }))],
  [on(14, '07:00', ask('fatima.zahra', 'On call in production', 'Covering for Oliver.'))],
];

const sales: readonly (readonly Moment[])[] = [
  [on(77, '09:00', ask('chloe.martin', 'Customer data', 'Dealers in France.'))],
  [on(76, '14:00', ask('ethan.wright', 'Customer data', 'Dealers on the east coast.'))],
  [
    on(21, '02:00', ask('aiko.yamada', 'Warranty archive', 'Claim of a hotel in Kyoto, contract of 2017.')),
    on(20, '08:00', approve('felix.brandt')),
  ],
  [
    on(66, '08:30', ask('zoe.bennett', 'Publish the website', 'Spring campaign.')),
    on(66, '09:30', approve('simon.keller')),
  ],
  [on(1, '13:50', ask('diego.alvarez', 'Publish the website', 'Autumn catalogue goes live on Monday.'))],
  [
    on(
      4,
      '08:15',
      ask(
        'amelie.vonhohenstein',
        'Investor relations, ad-hoc announcements and the confidential press distribution list for the annual general meeting',
        'Annual general meeting.',
      ),
    ),
    on(3, '10:00', approve('walter.lang', 'On the insider list since this morning.')),
  ],
  [
    on(36, '09:00', ask('zoe.bennett', 'Send newsletters', 'Monthly letter.')),
    on(35, '07:40', approve('simon.keller')),
  ],
  [
    on(
      8,
      '08:00',
      ask('nina.kowalska', 'Trade fair badge', 'Stand 14.2 in Cologne.', { answers: { fair: 'Cologne', size: 'M' } }),
    ),
    on(8, '08:50', approve('simon.keller')),
    on(7, '12:00', done('simon.keller', 'Badge 4711 is at the reception.')),
  ],
  [
    on(
      1,
      '15:20',
      ask('isabel.torres', 'Trade fair badge', 'Ethan helps at the stand.', {
        for: 'ethan.wright',
        answers: { fair: 'Chicago', size: 'L' },
      }),
    ),
  ],
  [
    on(10, '09:40', ask('chloe.martin', 'Contract archive', 'Frame contract of a dealer.')),
    on(9, '08:10', cancel('chloe.martin')),
  ],
];

const operations: readonly (readonly Moment[])[] = [
  [
    on(89, '07:45', ask('clara.hofer', 'Remote work', 'Two days a week from home.')),
    on(89, '09:00', approve('ana.berger')),
  ],
  [
    on(87, '07:45', ask('lea.dubois', 'Remote work', 'From home and from Lyon.')),
    on(87, '08:30', approve('maya.iyer')),
  ],
  [
    on(72, '10:00', ask('contoso.mateo.silva', 'Remote work', 'Working from Lisbon.')),
    on(72, '11:00', approve('lukas.gruber')),
  ],
  [on(1, '11:30', ask('kofi.mensah', 'Remote work', 'Interviews across time zones.'))],
  [on(82, '07:30', ask('jonas.weber', 'Service desk tools', 'First line.'))],
  [
    on(
      11,
      '06:00',
      ask('kenji.mori', 'Firewall change window', 'New line to Osaka.', { answers: { change: 'CHG-3402' } }),
    ),
    on(11, '07:10', approve('omar.haddad', 'Rule set reviewed.')),
  ],
  [on(6, '13:00', ask('lucia.ferreira', 'Device administrator', 'Enrolment of the new tablets.'))],
  [on(1, '10:10', ask('jonas.weber', 'Device administrator', 'A lost notebook has to be wiped.'))],
  [
    on(9, '14:00', ask('omar.haddad', 'Security investigations', 'Phishing wave of last week.')),
    on(9, '15:00', approve('walter.lang', 'Works council informed.')),
  ],
  [
    on(6, '07:10', ask('petra.horvat', 'Server room', 'Replacing two disks.')),
    on(6, '08:00', approve('victor.stone')),
    on(5, '09:30', done('paul.meier', 'Badge works at the Vienna door.', 'Vienna')),
  ],
  [
    on(2, '05:00', ask('aarti.nair', 'Payroll run', 'Payroll of this month.', { startsIn: 6 })),
    on(2, '08:40', approve('hannah.lindqvist')),
    on(1, '09:15', approve('ben.carter')),
  ],
  [ago(300, ask('contoso.rita.jensen', 'Guest Wi-Fi for a day', 'Interim audit in Vienna.'))],
  [
    on(52, '08:00', ask('julia.stein', 'Personnel files', 'Region Vienna.')),
    on(51, '09:00', approve('hannah.lindqvist')),
  ],
  [
    on(44, '10:00', ask('kofi.mensah', 'Personnel files', 'Applicants of last year.')),
    on(44, '12:00', deny('hannah.lindqvist', 'Applicants are in the applicant system, not in personnel files.')),
  ],
  [
    on(50, '09:10', ask('nina.kowalska', 'Contract archive', 'Contracts with the fair organisers.')),
    on(49, '08:20', approve('simon.keller')),
  ],
  [
    on(31, '08:10', ask('lea.dubois', 'Contract archive', 'Licence of the map provider.')),
    on(30, '06:20', approve('maya.iyer')),
    on(29, '10:40', approve('emma.clarke')),
  ],
  [on(60, '08:00', ask('lea.dubois', 'Learning platform', 'Security basics.'))],
  [on(62, '08:00', ask('simon.keller', 'Colour printing', 'Proofs.'))],
  [
    on(
      26,
      '08:00',
      ask('felix.brandt', 'Drive a company car', 'Dealer visits in Styria.', {
        answers: { licence: '2004', site: 'Vienna' },
      }),
    ),
    on(25, '15:00', approve('david.okafor')),
    on(24, '08:30', done('paul.meier', 'Key card 12 handed over, licence seen.')),
    on(9, '16:00', giveUp('felix.brandt', 'Drive a company car')),
    on(8, '08:40', done('lucia.ferreira', 'Key card 12 is back.')),
  ],
];

/** Maya is away for a fortnight, and Lukas decides for her. */
const absences: readonly (readonly Moment[])[] = [
  [ago(240, { kind: 'delegate', who: 'maya.iyer', to: 'lukas.gruber', days: 14 })],
];

/** All of it. */
export const stories: readonly (readonly Moment[])[] = [
  ...finance,
  ...engineering,
  ...sales,
  ...operations,
  ...absences,
];
