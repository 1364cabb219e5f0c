// The settings by which a whole Usher finds the stand-ins of both platforms.
import type { SlackServer } from './slack-server';
import type { TeamsServer } from './teams-server';

/** `mode`: how Slack reaches Usher. */
export function platformSettings(
  slack: SlackServer,
  teams: TeamsServer,
  mode: 'http' | 'socket' = 'http',
): Readonly<Record<string, string>> {
  return {
    SLACK_BOT_TOKEN: slack.botToken,
    SLACK_TEAM_ID: slack.team,
    SLACK_API_URL: slack.url,
    ...(mode === 'http' ? { SLACK_SIGNING_SECRET: slack.signingSecret } : { SLACK_APP_TOKEN: slack.appToken }),
    TEAMS_APP_ID: teams.appId,
    TEAMS_APP_PASSWORD: teams.appPassword,
    TEAMS_TENANT_ID: teams.tenantId,
    TEAMS_OPENID_METADATA_URL: teams.urls.openIdMetadataUrl,
    TEAMS_TOKEN_ISSUER: teams.urls.tokenIssuer,
    TEAMS_LOGIN_URL: teams.urls.loginUrl,
  };
}
