// People who left the scope of a package, for its owners.
import type { LeaversList, LeaversView } from '../../operations/ports';
import { label, listed, say } from '../words';
import { text } from './common';
import { notice, type Notice } from './notices';

/** To owners: whose access ends because they left the scope, or would if so many could lose it without a word. */
export function leavers(view: LeaversView): Notice {
  const { asked, ended, holders } = view;
  const values = ({ people, first }: LeaversList) => ({
    count: people,
    names: listed(first, 'and', first.length, people),
  });
  const title = say('leavers.title', { package: text(view.package.name, 150) });
  const lines = [
    ...(asked.people === 0 ? [] : [say('leavers.asked', { ...values(asked), holders }), label('leavers.askedBody')]),
    ...(ended.people === 0 ? [] : [say('leavers.ended', values(ended))]),
  ];
  if (lines.length === 0) return notice(title, 'default', [label('leavers.over')]);
  return notice(title, asked.people > 0 ? 'attention' : 'default', lines, {
    package: view.package.id,
    packageName: view.package.name,
    mayEnd: asked.people > 0,
    set: view.set ?? '',
  });
}
