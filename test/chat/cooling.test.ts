// Who asks and takes back again and again.
import { createCooling } from '../../src/chat/cooling';
import type { PackageId, PersonId } from '../../src/domain/model';

test('what was taken back stays so where it cannot be counted, and the log says that it was not', async () => {
  const warn = jest.fn();
  const away = new Error('no database');
  const broken = { pass: () => Promise.reject(away), hold: () => Promise.resolve(), held: () => Promise.resolve(0) };
  const cooling = createCooling(broken, { warn });
  await cooling.tookBack('tara' as PersonId, 'ledger' as PackageId);
  expect(warn.mock.calls).toEqual([
    [{ err: away, person: 'tara', package: 'ledger' }, 'what was taken back is not counted'],
  ]);
});
