import type { VerdictDocument } from '../verdict/document.ts'

/**
 * The document as `--json` prints it and `verdict.json` holds it: keys in the order of the schema, except those of records, which are sorted;
 * two spaces of indent, a line end at the end. The same document gives the same bytes. +∞ and what is not a number are null.
 * Control characters are escaped beyond what JSON asks for: the same document to a parser, and harmless on a terminal.
 */
export function renderJson(document: VerdictDocument): string {
  const text = JSON.stringify(ordered(document), undefined, 2)
  return `${text.replace(/[\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`)}\n`
}

/** Written out key by key, so that the order is this file's and not that of whoever built the document. */
function ordered({ schema, verdict, exitCode, runs, statements }: VerdictDocument): VerdictDocument {
  return {
    schema,
    verdict,
    exitCode,
    runs: runs.map((run) => ({
      runId: run.runId,
      scenario: run.scenario,
      question: run.question,
      verdict: run.verdict,
      sentence: run.sentence,
      exitCode: run.exitCode,
      interrupted: run.interrupted,
      sides: run.sides.map(orderedSide),
      claims: run.claims.map(orderedClaim),
      comparisons: run.comparisons.map(orderedComparison),
      attribution: run.attribution.map(orderedAttribution),
      validity: run.validity.map(({ name, verdict: one, detail }) => ({ name, verdict: one, detail })),
      reproduce: run.reproduce,
    })),
    statements: statements.map(({ statement, verdict: one, evidence }) => ({ statement, verdict: one, evidence })),
  }
}
