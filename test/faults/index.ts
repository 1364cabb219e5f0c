import type { Fault } from './fault';
import { f1 } from './f1-kill';
import { f2, f3 } from './f2-f3-settle';
import { f6 } from './f6-pause';
import { f8 } from './f8-race';

/** Every fault of the campaign. */
export const faults: readonly Fault[] = [f1, f2, f3, f6, f8];
