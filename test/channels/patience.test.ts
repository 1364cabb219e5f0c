// How long a platform waits, and that nothing that runs without other settings takes longer (rows 13 and 44).
import { checkOptions as slackOptions } from '../../src/channels/slack/options';
import { checkOptions as teamsOptions } from '../../src/channels/teams/options';
import { createLog } from '../../src/log';

const log = createLog('silent');

test('Slack is answered well within its three seconds, also where an answer is a second call', () => {
  const { ackAfterMs, deadlineMs } = slackOptions({
    ...{ signingSecret: 'secret', botToken: 'xoxb-1', appToken: null, teamId: 'T0HOME', log },
  });
  expect(ackAfterMs).toBeLessThanOrEqual(1_000);
  expect(deadlineMs).toBeLessThanOrEqual(2_000);
  expect(ackAfterMs).toBeLessThan(deadlineMs);
});

test('an invoke of Teams is answered within three seconds, and a remote call is not waited for longer than the fifteen of a message', () => {
  const guid = '22222222-2222-4222-8222-222222222222';
  const { patienceMs, remoteTimeoutMs } = teamsOptions({
    ...{ appId: guid, appPassword: 'x', tenantId: guid, allowedTenants: [guid], playground: false, log },
    serviceHosts: ['smba.trafficmanager.net'],
  });
  expect(patienceMs).toBeLessThan(3_000);
  expect(remoteTimeoutMs).toBeLessThan(15_000);
});
