import { expect, test } from 'vitest'
import { failing, hanging, hostile, hostileTexts, passing, severalScenarios, singleSide } from '../../test/fixtures/verdict.ts'
import { renderMarkdown } from './markdown.ts'

/** Cells of a table row as GitHub splits it: at pipes that no backslash escapes. */
const cellsOf = (line: string): string[] => line.split(/(?<!\\)(?:\\\\)*\|/).slice(1, -1)

function tables(markdown: string): string[][] {
  return markdown.trimEnd().split('\n\n').map((block) => block.split('\n')).filter(([first]) => first?.startsWith('|') === true)
}

test('every row of a table has as many cells as its header, whatever the names are', () => {
  for (const text of hostileTexts) {
    const found = tables(renderMarkdown(hostile(text, undefined)))
    expect(found.length).toBeGreaterThan(8)
    for (const rows of found) expect(new Set(rows.map((row) => cellsOf(row).length)).size).toBe(1)
  }
})

test('text from outside is neither HTML nor markdown nor a mention', () => {
  for (const text of hostileTexts) {
    const prose = renderMarkdown(hostile(text, undefined)).replace(/^(`{3,})sh\n.*\n\1$/gm, '')
    expect(prose).not.toMatch(/[<>]/)
    expect(prose).not.toMatch(/@everyone|(?<!\\)\[link|(?<!\\)\*\*bold|(?<!\\)~~gone/)
  }
})

test('the command cannot leave its fence', () => {
  const [run] = passing.runs
  const markdown = renderMarkdown({ ...passing, runs: run === undefined ? [] : [{ ...run, reproduce: 'first-token run ```` x\n```\n# forged' }] })
  expect(markdown).toContain('`````sh\nfirst-token run ```` x ``` # forged\n`````')
})

test('the verdict is the title and the sentence follows', () => {
  expect(renderMarkdown(failing).split('\n\n').slice(0, 2)).toEqual(['# FAIL: concurrent', expect.stringMatching(/^\*\*after fails: /)])
  expect(renderMarkdown(severalScenarios).split('\n\n').slice(0, 3)).toEqual(['# FAIL: 2 scenarios', 'Exit code 1.', '## PASS: concurrent'])
})

test('every claim of every side has its reason in full, also where it passed', () => {
  const markdown = renderMarkdown(passing)
  for (const { reason } of passing.runs[0]?.claims ?? []) expect(markdown).toContain(`| ${reason.replace('<', '&lt;')} |`)
})

test('what is absent is said, never printed as a number that is none', () => {
  for (const document of [hanging, singleSide]) expect(renderMarkdown(document)).not.toMatch(/Infinity|NaN|null|undefined/)
  expect(renderMarkdown(hanging)).toContain('576, of which 270 without a first token')
})

test('what was said stands with its finding and what is to be known: instead of it, or although it holds', () => {
  const rows = renderMarkdown(severalScenarios).split('\n').filter((line) => / (?:NOT )?SUPPORTED \| /.test(line)).map((line) => line.split(' | ').at(-1))
  expect(rows).toEqual([' |', 'Instead: it keeps its connections as it is |', 'But: the page needs a time-out of its own |'])
})

test('pictures of a page stand below what they show', () => {
  const [run] = passing.runs
  const shown = { side: 'after', phase: 'midAnswer', label: 'offlineMidAnswer', outcome: 'error-event: *gone* <b>', file: 'screenshots/after-1x-2.png' }
  const markdown = renderMarkdown({ ...passing, runs: run === undefined ? [] : [{ ...run, screenshots: [shown] }] })
  expect(markdown).toContain('## What the page showed\n\n- screenshots/after-1x-2.png: after, mid answer, offlineMidAnswer: error-event: \\*gone\\* &lt;b&gt;\n\n![](screenshots/after-1x-2.png)\n')
  expect(renderMarkdown(passing)).not.toContain('What the page showed')
})
