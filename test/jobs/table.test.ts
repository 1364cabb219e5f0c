// The table of jobs can be rung: every line is a cron line that node-cron takes, and no name stands twice.
import { jobs } from '../../src/jobs';
import { startSchedule } from '../../src/jobs/schedule';
import { createLog } from '../../src/log';

test('every job has a cron line that rings and a misfire policy, and a name of its own', async () => {
  const claims: string[] = [];
  const schedule = startSchedule({
    jobs,
    claimTick: (job) => {
      claims.push(job);
      return Promise.resolve(false);
    },
    run: () => Promise.reject(new Error('nothing was claimed')),
    log: createLog('silent'),
  });
  await schedule.catchUp();
  await schedule.stop();
  const caught = jobs.filter((job) => job.misfire === 'catchUp').map((job) => job.name);
  expect(new Set(claims)).toEqual(new Set(caught));
});
