// Whom the local page offers first, and why: one person for each side of the main job.

/** Person key -> what makes this persona worth trying. */
export const featured: Readonly<Record<string, string>> = {
  'noah.kim': 'asks for access',
  'ana.berger': 'approves in Finance',
  'petra.horvat': 'has decisions waiting',
  'maya.iyer': 'asks for her team',
  'victor.stone': 'owns the IT catalog',
  'contoso.rita.jensen': 'a partner from Contoso',
};
