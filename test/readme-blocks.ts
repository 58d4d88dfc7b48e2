/**
 * Output in the README that is never typed by hand. A block stands between two comments, which GitHub does not show:
 *
 *     <!-- output: first-token --help -->                                             what the built CLI prints
 *     <!-- output: first-token run concurrent (test/fixtures/readme-verdict.json) --> the terminal report of a stored verdict document
 *     ```text
 *     …
 *     ```
 *     <!-- /output -->
 *
 * `UPDATE_README=1 npx vitest run test/readme.test.ts` writes the blocks anew. Without it the test compares them with the figures masked: a
 * figure, its unit and the spacing may differ from run to run, but not a row, a word, or their order.
 */

export interface OutputBlock {
  /** With its leading `first-token`. */
  readonly command: string
  /** The verdict document that is rendered instead of running the command; undefined where the command is run. */
  readonly document: string | undefined
  /** Inside the fence. */
  readonly output: string
}

const block = /<!-- output: (first-token[^\n(]*?)(?: \(([^)\n]+)\))? -->\n(?:(`{3,})text\n([^]*?\n|)\3\n)?<!-- \/output -->/g
const anyMarker = /<!-- \/?output\b/g

/** @throws {Error} where a marker is not part of a whole block: it would never be updated again. */
export function outputBlocks(markdown: string): OutputBlock[] {
  const blocks = [...markdown.matchAll(block)].map(([, command = '', document, , output = '']) => ({ command, document, output }))
  const markers = markdown.match(anyMarker)?.length ?? 0
  if (markers !== 2 * blocks.length) throw new Error(`${markers} output markers make ${blocks.length} whole blocks: see test/readme-blocks.ts for how one is written`)
  return blocks
}

/** The same text with every block's output replaced. */
export function withOutputs(markdown: string, outputOf: (block: OutputBlock) => string): string {
  outputBlocks(markdown)
  return markdown.replace(block, (_, command: string, document: string | undefined, __, output: string | undefined) => {
    const text = outputOf({ command, document, output: output ?? '' }).trimEnd()
    const fence = '`'.repeat(Math.max(3, ...(text.match(/`+/g) ?? []).map((run) => run.length + 1)))
    return `<!-- output: ${command}${document === undefined ? '' : ` (${document})`} -->\n${fence}text\n${text}\n${fence}\n<!-- /output -->`
  })
}

const figures = /(?<![\p{L}\d])[−+×-]?\d[\d.,]*(?: ?(?:%|ms|s|min)(?![\p{L}\d]))?/gu

/** What may not differ between two outputs of the same command: figures and their units become `#`, but for those that are part of a name (`p95`); spaces, line ends and rules collapse. */
export function masked(output: string): string {
  return output.replace(figures, '#').replace(/#(?:…#)+/g, '#').replace(/─+/g, '─').replace(/\s+/g, ' ').trim()
}
