// The app package that an administrator uploads to Teams: manifest (schema 1.29) and two icons in a zip. Built from the code, so
// that what the package promises is what the bot does.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';

/** What differs from one installation to the next. */
export interface ManifestSettings {
  /** The app's own id in the catalogue; not the bot's. */
  readonly id: string;
  /** The bot's app registration. */
  readonly botId: string;
  /** Semantic version of the package; Teams offers an update when it grows. */
  readonly version: string;
  readonly developer: {
    readonly name: string;
    readonly websiteUrl: string;
    readonly privacyUrl: string;
    readonly termsOfUseUrl: string;
  };
}

// Shown while somebody types to the bot; each is a typed command of the verb table.
const COMMANDS = [
  { title: 'Request access', description: 'Ask for an access package, for yourself or for your team' },
  { title: 'My access', description: 'What you have, why, and until when; extend it or give it up' },
  { title: 'My requests', description: 'Where your requests stand and whom they wait for' },
  { title: 'Approvals', description: 'What waits for your decision' },
  { title: 'Help', description: 'What I can do for you' },
] as const;

/** Where people may talk to the bot. */
const SCOPES = ['personal', 'team', 'groupChat'] as const;

/** The manifest. Asks for no permission on anybody's data and for no shared channels, whose members may be strangers. */
export function teamsManifest({ id, botId, version, developer }: ManifestSettings): object {
  return {
    $schema: 'https://developer.microsoft.com/en-us/json-schemas/teams/v1.29/MicrosoftTeams.schema.json',
    manifestVersion: '1.29',
    version,
    id,
    developer,
    name: { short: 'Usher', full: 'Usher: access in chat' },
    description: {
      short: 'Ask for access, approve it, keep it or give it up, all in chat.',
      full: [
        'Usher is access management in chat.',
        'Ask for an access package and see who decides and by when; approve or deny with everything you need to know on one card; extend what you have before it ends; give up what you no longer need.',
        'Type "help" to see what you can do. Only members of your organization can use it.',
      ].join('\n\n'),
    },
    icons: { color: 'color.png', outline: 'outline.png' },
    accentColor: '#3F3D9E',
    bots: [
      {
        botId,
        scopes: SCOPES,
        isNotificationOnly: false,
        supportsFiles: false,
        commandLists: [{ scopes: SCOPES, commands: COMMANDS }],
      },
    ],
    defaultInstallScope: 'personal',
    defaultGroupCapability: { team: 'bot', groupchat: 'bot' },
    permissions: ['identity', 'messageTeamMembers'],
    validDomains: [],
  };
}

/** The zip that is uploaded to Teams. */
export function teamsPackage(settings: ManifestSettings, icons = join(__dirname, '../../../manifest/teams')): Buffer {
  return zip([
    { name: 'manifest.json', content: Buffer.from(`${JSON.stringify(teamsManifest(settings), null, 2)}\n`) },
    { name: 'color.png', content: readFileSync(join(icons, 'color.png')) },
    { name: 'outline.png', content: readFileSync(join(icons, 'outline.png')) },
  ]);
}

const DOS_DATE = 0x5a21; // 1 January 2025: the same content is the same file, whenever it was made

// Stored, not compressed: three small files, two of them PNG. Layout: PKWARE APPNOTE 4.3.7, 4.3.12, 4.3.16.
function zip(files: readonly { readonly name: string; readonly content: Buffer }[]): Buffer {
  const locals: Buffer[] = [];
  const entries: Buffer[] = [];
  let offset = 0;
  for (const { name, content } of files) {
    const common = Buffer.alloc(26);
    common.writeUInt16LE(20, 0); // version needed
    common.writeUInt16LE(DOS_DATE, 8);
    common.writeUInt32LE(crc32(content), 10);
    common.writeUInt32LE(content.length, 14);
    common.writeUInt32LE(content.length, 18);
    common.writeUInt16LE(Buffer.byteLength(name), 22);
    const local = Buffer.concat([Buffer.from('PK\x03\x04'), common, Buffer.from(name), content]);
    const rest = Buffer.alloc(14);
    rest.writeUInt32LE(offset, 10);
    const madeBy = Buffer.from([20, 0]);
    entries.push(Buffer.concat([Buffer.from('PK\x01\x02'), madeBy, common, rest, Buffer.from(name)]));
    locals.push(local);
    offset += local.length;
  }
  const directory = Buffer.concat(entries);
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06', 0, 'latin1');
  end.writeUInt16LE(files.length, 8);
  end.writeUInt16LE(files.length, 10);
  end.writeUInt32LE(directory.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...locals, directory, end]);
}
