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
  const name = text(view.package.name, 150);
  const [count, title] =
    asked.people > 0 ? [asked.people, 'leavers.title' as const] : [ended.people, 'leavers.titleEnded' as const];
  const lines = [
    ...(asked.people === 0 ? [] : [say('leavers.asked', { ...values(asked), holders }), label('leavers.askedBody')]),
    ...(ended.people === 0 ? [] : [say('leavers.ended', values(ended))]),
    ...(asked.people === 0 && ended.people > 0 ? [label('leavers.endedBody')] : []),
  ];
  if (lines.length === 0)
    return notice(say('leavers.titleOver', { package: name }), 'default', [label('leavers.over')]);
  return notice(say(title, { count, package: name }), asked.people > 0 ? 'attention' : 'default', lines, {
    package: view.package.id,
    packageName: view.package.name,
    mayEnd: asked.people > 0,
    set: view.set ?? '',
  });
}
