// The app package against Microsoft's published schema and the store's rules that a schema cannot say.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { crc32, inflateSync } from 'node:zlib';
import Ajv from 'ajv-draft-04';
import { teamsManifest, teamsPackage } from '../../../src/channels/teams/manifest';
import { parse } from '../../../src/chat/commands';

/** The committed manifest is made with these. */
const EXAMPLE_SETTINGS: Parameters<typeof teamsManifest>[0] = {
  id: '00000000-0000-4000-8000-000000000001',
  botId: '00000000-0000-4000-8000-000000000002',
  version: '1.0.0',
  developer: {
    name: 'Your organization',
    websiteUrl: 'https://usher.example',
    privacyUrl: 'https://usher.example/privacy',
    termsOfUseUrl: 'https://usher.example/terms',
  },
};

const FOLDER = join(__dirname, '../../../manifest/teams');
const SCHEMA = join(__dirname, '../../support/schemas/teams-manifest-1.29.json');
const json = (path: string): unknown => JSON.parse(readFileSync(path, 'utf8'));

interface Manifest {
  readonly bots: readonly [
    { readonly commandLists: readonly { readonly commands: readonly { readonly title: string }[] }[] },
  ];
}

describe('the manifest', () => {
  const ajv = new Ajv({ strict: false, allErrors: true, formats: { uri: (text: string) => URL.canParse(text) } });
  const isValid = ajv.compile(json(SCHEMA) as object);

  test('row 61: validates against schema 1.29', () => {
    isValid(teamsManifest(EXAMPLE_SETTINGS));
    expect(isValid.errors).toBeNull();
  });

  test('the schema would refuse a bot without id and a developer without privacy page', () => {
    const { developer } = EXAMPLE_SETTINGS;
    expect(isValid(teamsManifest({ ...EXAMPLE_SETTINGS, botId: 'my-bot' }))).toBe(false);
    expect(isValid(teamsManifest({ ...EXAMPLE_SETTINGS, developer: { ...developer, privacyUrl: '' } }))).toBe(false);
  });

  test('row 61: names all four facts about the developer, over https', () => {
    expect(teamsManifest(EXAMPLE_SETTINGS)).toMatchObject({
      developer: {
        name: expect.stringMatching(/.+/) as string,
        websiteUrl: expect.stringMatching(/^https:/) as string,
        privacyUrl: expect.stringMatching(/^https:/) as string,
        termsOfUseUrl: expect.stringMatching(/^https:/) as string,
      },
    });
  });

  test("asks for nobody's data and answers people", () => {
    const manifest = teamsManifest(EXAMPLE_SETTINGS);
    expect(manifest).not.toHaveProperty('authorization');
    expect(manifest).not.toHaveProperty('webApplicationInfo');
    expect(manifest).toMatchObject({ bots: [{ isNotificationOnly: false }] });
  });

  test('offers only commands that the bot understands', () => {
    const { bots } = teamsManifest(EXAMPLE_SETTINGS) as unknown as Manifest;
    const titles = bots[0].commandLists.flatMap(({ commands }) => commands.map(({ title }) => title));
    expect(titles.length).toBeGreaterThan(0);
    for (const title of titles) expect(parse(title)?.rest).toBe('');
  });

  test('is the one in the repository', () => {
    expect(json(join(FOLDER, 'manifest.json'))).toEqual(JSON.parse(JSON.stringify(teamsManifest(EXAMPLE_SETTINGS))));
  });
});

/** Size and pixels of an 8-bit RGBA PNG without filters, which is how the icons were made. */
function picture(name: string): { width: number; height: number; pixels: Buffer[] } {
  const file = readFileSync(join(FOLDER, name));
  expect(file.subarray(0, 8)).toEqual(Buffer.from([137, 80, 78, 71, 13, 10, 26, 10]));
  const [width, height] = [file.readUInt32BE(16), file.readUInt32BE(20)];
  expect([file[24], file[25]]).toEqual([8, 6]);
  const data: Buffer[] = [];
  for (let at = 8; at < file.length; at += 12 + file.readUInt32BE(at)) {
    if (file.toString('latin1', at + 4, at + 8) === 'IDAT')
      data.push(file.subarray(at + 8, at + 8 + file.readUInt32BE(at)));
  }
  const rows = inflateSync(Buffer.concat(data));
  const pixels: Buffer[] = [];
  for (let y = 0; y < height; y += 1) {
    const start = y * (width * 4 + 1);
    expect(rows[start]).toBe(0);
    for (let x = 0; x < width; x += 1) pixels.push(rows.subarray(start + 1 + x * 4, start + 5 + x * 4));
  }
  return { width, height, pixels };
}

describe('the icons', () => {
  test('row 61: the colour icon is 192 pixels wide and fills them all', () => {
    const { width, height, pixels } = picture('color.png');
    expect([width, height]).toEqual([192, 192]);
    expect(pixels.every((pixel) => pixel[3] === 255)).toBe(true);
  });

  test('row 61: the outline icon is 32 pixels wide, white on nothing', () => {
    const { width, height, pixels } = picture('outline.png');
    expect([width, height]).toEqual([32, 32]);
    expect(pixels.every((pixel) => pixel[0] === 255 && pixel[1] === 255 && pixel[2] === 255)).toBe(true);
    expect(pixels.some((pixel) => pixel[3] === 255)).toBe(true);
    expect(pixels[0]?.[3]).toBe(0);
  });
});

/** Files of a stored (not compressed) zip, found as unpackers do: from the end by way of the directory. */
function unzip(zip: Buffer): Map<string, Buffer> {
  const end = zip.lastIndexOf('PK\x05\x06', undefined, 'latin1');
  const files = new Map<string, Buffer>();
  let at = zip.readUInt32LE(end + 16);
  expect(at + zip.readUInt32LE(end + 12)).toBe(end);
  for (let left = zip.readUInt16LE(end + 10); left > 0; left -= 1) {
    expect(zip.toString('latin1', at, at + 4)).toBe('PK\x01\x02');
    const name = zip.toString('utf8', at + 46, at + 46 + zip.readUInt16LE(at + 28));
    const local = zip.readUInt32LE(at + 42);
    expect(zip.toString('latin1', local, local + 4)).toBe('PK\x03\x04');
    const start = local + 30 + zip.readUInt16LE(local + 26) + zip.readUInt16LE(local + 28);
    const content = zip.subarray(start, start + zip.readUInt32LE(at + 20));
    expect(zip.readUInt32LE(at + 16)).toBe(crc32(content));
    expect(zip.subarray(local + 14, local + 26)).toEqual(zip.subarray(at + 16, at + 28));
    files.set(name, content);
    at += 46 + zip.readUInt16LE(at + 28) + zip.readUInt16LE(at + 30) + zip.readUInt16LE(at + 32);
  }
  return files;
}

describe('the package', () => {
  test('row 61: holds the manifest and both icons', () => {
    const files = unzip(teamsPackage(EXAMPLE_SETTINGS));
    expect([...files.keys()]).toEqual(['manifest.json', 'color.png', 'outline.png']);
    expect(JSON.parse(files.get('manifest.json')?.toString('utf8') ?? '')).toEqual(json(join(FOLDER, 'manifest.json')));
    for (const icon of ['color.png', 'outline.png']) expect(files.get(icon)).toEqual(readFileSync(join(FOLDER, icon)));
  });

  test('is the same file whenever it is made', () => {
    expect(teamsPackage(EXAMPLE_SETTINGS)).toEqual(teamsPackage(EXAMPLE_SETTINGS));
  });
});
