// To whom answers are posted: a signed delivery is still no reason to call any host that it names.
import { AnswerUrl } from '../../../src/channels/slack/answer-url';
import { checkOptions } from '../../../src/channels/slack/options';
import { createLog } from '../../../src/log';

const settings = (apiUrl: string): ReturnType<typeof checkOptions> =>
  checkOptions({
    signingSecret: 'secret',
    botToken: 'xoxb-1',
    appToken: null,
    teamId: 'T0HOME',
    apiUrl,
    log: createLog('silent'),
  });

test.each([
  { api: 'https://slack.com/api/', give: 'https://hooks.slack.com/actions/T0/1/x', want: true },
  { api: 'https://slack.com/api/', give: 'http://hooks.slack.com/actions/T0/1/x', want: false },
  { api: 'https://slack.com/api/', give: 'https://hooks.slack.com.evil.example/x', want: false },
  { api: 'https://slack.com/api/', give: 'https://evil.example/hooks.slack.com', want: false },
  { api: 'https://slack.com/api/', give: 'http://127.0.0.1:1/x', want: false },
  { api: 'https://slack.com/api/', give: 'https://169.254.169.254/latest', want: false },
  { api: 'https://slack.com/api/', give: 'not an address', want: false },
  { api: 'https://slack-gov.com/api/', give: 'https://hooks.slack-gov.com/x', want: true },
  { api: 'http://127.0.0.1:3000/api/', give: 'http://localhost:3000/answer/x', want: true },
  { api: 'http://127.0.0.1:3000/api/', give: 'https://evil.example/x', want: false },
])('with $api, $give: $want', ({ api, give, want }) => {
  expect(AnswerUrl.of(give, settings(api)) !== null).toBe(want);
});
