// fast-check with the seed of PROPERTY_SEED, where one is given: the gate judges a change by the same values every time, and
// everybody else draws new ones. A failure prints its seed.
import fc from 'fast-check';

const { PROPERTY_SEED } = process.env;
if (PROPERTY_SEED !== undefined) fc.configureGlobal({ seed: Number(PROPERTY_SEED) });

export default fc;
