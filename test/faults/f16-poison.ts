// One message can never be sent: its card is refused, its conversation is gone, or its reader left.
import { ChannelError } from '../../src/chat/channel';
import { redrive } from '../../src/operations/outgoing';
import { aWorld, cardOf, operator, SMALL } from '../support/world';
import type { Fault } from './fault';
import { diceOf } from './people';

export const f16: Fault = {
  id: 'F16',
  name: 'a message that can never be sent is given up with its reason, what waits behind it goes out at once, and it can be sent after all',
  short: 'here',
  async run(seed) {
    const dice = diceOf(seed);
    const world = await aWorld(SMALL);
    const reason = dice.pick([
      new ChannelError('refused', 'invalid_blocks'),
      new ChannelError('unreachable', 'channel_not_found'),
      new ChannelError('refused', 'http_400'),
    ]);
    const { mailbox } = world;
    const send = mailbox.send.bind(mailbox);
    let poisoned = true;
    Object.assign(mailbox, {
      send: (...message: Parameters<typeof send>) =>
        poisoned && message[0].user === 'ana' ? Promise.reject(reason) : send(...message),
    });
    await world.submit('tara', cardOf(await world.say('tara', 'request ledger reader')), { reason: 'month end' });
    await world.submit('tara', cardOf(await world.say('tara', 'request ledger auditor')), {});
    await world.settle();
    const dead = await world.outbox.dead(10);
    expect(dead).toMatchObject([{ kind: 'tell', error: expect.stringContaining(reason.code) as string }]);
    expect(world.messagesTo('tara').length).toBeGreaterThan(0);
    const waits = `select id from outgoing where state in ('ready', 'leased')`;
    expect(await world.sql(waits)).toEqual([]);

    poisoned = false;
    for (const { id } of dead) expect(await redrive(world.desk, operator, id)).toBe(true);
    // A dead conversation is alive again when its person is heard.
    await world.say('ana', 'help');
    await world.settle();
    expect(world.messagesTo('ana')).toHaveLength(1);
    expect(await world.outbox.dead(10)).toEqual([]);
  },
};
