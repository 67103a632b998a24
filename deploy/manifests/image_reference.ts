/** https://github.com/distribution/reference, by whose grammar container runtimes read images. */
const LABEL = "[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?";
const HOST = `(?:${LABEL}(?:\\.${LABEL})*|\\[[0-9a-fA-F:]+\\])(?::\\d+)?`;
const COMPONENT = "[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*";
const TAG_TEXT = "\\w[\\w.-]{0,127}";
const ALGORITHM = "[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*";
const NAME = `(?:${HOST}/)?${COMPONENT}(?:/${COMPONENT})*`;
const REFERENCE = new RegExp(
  `^${NAME}(?::${TAG_TEXT})?(?:@${ALGORITHM}:[0-9a-fA-F]{32,})?$`,
);

/** An image's name, without a tag and a digest. */
export const REPOSITORY = new RegExp(`^${NAME}$`);

/** An image's tag. */
export const TAG = new RegExp(`^${TAG_TEXT}$`);

/** The longest text that is tried, in characters; names end at 255, tags at 128. */
const LONGEST = 1024;

/** Whether a text is the reference of a container image: NAME, NAME:TAG or NAME@DIGEST. */
export function isImage(text: string): boolean {
  return text.length <= LONGEST && REFERENCE.test(text);
}
