// What nobody does to many without being asked (the brake, rule 3.15). Whether it is a mistake is for people to say; a single leaver is
// never held back.

const FEW = 20;
const SHARE = 0.05;
/** All of them are many from so many on. */
const ALL = 5;

/** Whether taking something from `people` of those `of` who have it stops and asks. */
export function isMany(people: number, of: number): boolean {
  return (people > FEW && people > of * SHARE) || (people >= of && people >= ALL);
}

/** Whether giving something to `people` of whom nobody has it, where `had` have it already, stops and asks. */
export function isDoubled(people: number, had: number): boolean {
  return people > FEW && people > had;
}
