import type { Fault } from './fault';
import { f1 } from './f1-kill';
import { f2, f3 } from './f2-f3-settle';
import { f4 } from './f4-restart';
import { f5 } from './f5-overlap';
import { f6 } from './f6-pause';
import { f7 } from './f7-replay';
import { f8 } from './f8-race';
import { f9 } from './f9-pairs';
import { f12 } from './f12-storm';
import { f13 } from './f13-slow';
import { f14 } from './f14-clocks';
import { f16 } from './f16-poison';
import { f17 } from './f17-hostile';
import { f21 } from './f21-database';
import { f24 } from './f24-outage';

/** Every fault of the campaign. */
export const faults: readonly Fault[] = [f1, f2, f3, f4, f5, f6, f7, f8, f9, f12, f13, f14, f16, f17, f21, f24];
