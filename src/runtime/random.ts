/** A number in [0, 1), passed in wherever chance decides, so that tests choose it. */
export type Random = () => number;
