/**
 * The commit this was built from. `git archive` fills it in (see .gitattributes, export-subst), and
 * a build may replace it; in a working tree it stands as it is and counts as unknown.
 */
export const BUILD_COMMIT: string = "$Format:%H$";
