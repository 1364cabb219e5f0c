// Put in front of a replica: its wall clock goes wrong by so many milliseconds (CLOCK_MS), or steps while it runs when its parent
// says so. Timers and the monotonic clock stay as they are, as on a machine whose clock is set.
let wrong = Number(process.env.CLOCK_MS ?? 0);
const Real = Date;
globalThis.Date = new Proxy(Real, {
  construct: (_, args, target) =>
    Reflect.construct(
      Real,
      args.length === 0 ? [Real.now() + wrong] : args,
      target === globalThis.Date ? Real : target,
    ),
  apply: () => new Real(Real.now() + wrong).toString(),
  get: (target, name) => (name === 'now' ? () => Real.now() + wrong : Reflect.get(target, name)),
});
process.on('message', (message) => {
  if (typeof message?.clockMs === 'number') wrong = message.clockMs;
});
