import type { Fault } from './fault';
import { f1 } from './f1-kill';
import { f2, f3 } from './f2-f3-settle';
import { f6 } from './f6-pause';
import { f7 } from './f7-replay';
import { f8 } from './f8-race';
import { f9 } from './f9-pairs';
import { f16 } from './f16-poison';
import { f17 } from './f17-hostile';
import { f21 } from './f21-database';

/** Every fault of the campaign. */
export const faults: readonly Fault[] = [f1, f2, f3, f6, f7, f8, f9, f16, f17, f21];
