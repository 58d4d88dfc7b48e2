import { type VerdictDocument, verdictDocument } from '../verdict/document.ts'

/** C1 controls, zero-width and direction characters: JSON lets them stand, a terminal obeys them. */
const obeyed = /[\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g

/**
 * The document as `--json` prints it and `verdict.json` holds it: keys in the order of the schema whoever built it, two spaces of indent, a
 * line end at the end, so that the same document gives the same bytes. +∞ is null. What a terminal would obey is escaped, which is the same
 * document to a parser.
 * @throws {ZodError} for a document that is not of its own schema: better nothing than a file that its readers misunderstand.
 */
export function renderJson(document: VerdictDocument): string {
  const plain: unknown = JSON.parse(JSON.stringify(document))
  const text = JSON.stringify(verdictDocument.parse(plain), undefined, 2)
  return `${text.replace(obeyed, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`)}\n`
}
