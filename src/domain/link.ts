// The code of a package's link: a second name that never changes. It is made by the database and is no authority (rule 3.19).

/** Twenty of 32 letters and digits: a hundred random bits. Nobody finds one by trying. */
const CODE = /^[0-9a-hjkmnp-tv-z]{20}$/;

/** Whether a text (in small letters) could be the code of a link. */
export function isLinkCode(text: string): boolean {
  return CODE.test(text);
}
