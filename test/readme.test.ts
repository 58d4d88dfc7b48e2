import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { renderTerminal } from '../src/report/terminal.ts'
import { verdictDocument } from '../src/verdict/document.ts'
import { masked, type OutputBlock, outputBlocks, withOutputs } from './readme-blocks.ts'

const fromRoot = (file: string): string => fileURLToPath(new URL(`../${file}`, import.meta.url))

/** Only what ends at once is run: a README test must not measure for 95 s. */
const runnable = /^first-token( \w+)? (--help|--version|--list)$/

function currentOutput({ command, document }: OutputBlock): string {
  if (document !== undefined) return renderTerminal(verdictDocument.parse(JSON.parse(readFileSync(fromRoot(document), 'utf8'))), { colour: false })
  if (!runnable.test(command)) throw new Error(`"${command}" is not run by a test: name a stored verdict document behind it, in parentheses`)
  const cli = fromRoot('dist/cli.js')
  if (!existsSync(cli)) throw new Error('dist/cli.js is missing: build first, npm run build')
  const { FORCE_COLOR: _, ...environment } = process.env
  const result = spawnSync(process.execPath, [cli, ...command.split(' ').slice(1)], { cwd: fromRoot('.'), env: { ...environment, NO_COLOR: '1', COLUMNS: '80' }, encoding: 'utf8' })
  if (result.status !== 0) throw new Error(`"${command}" ended with ${result.status ?? 'a signal'}: ${result.stderr}`)
  return result.stdout
}

const stored = readFileSync(fromRoot('README.md'), 'utf8')
const readme = process.env['UPDATE_README'] === '1' ? withOutputs(stored, currentOutput) : stored
if (readme !== stored) writeFileSync(fromRoot('README.md'), readme)

test.each(outputBlocks(readme).map((block) => [block.command, block] as const))('the README shows what `%s` prints', (_, block) => {
  expect(masked(block.output)).toBe(masked(currentOutput(block)))
})

test('the README shows a run and the help', () => {
  expect(outputBlocks(readme).map(({ command }) => command)).toEqual(expect.arrayContaining(['first-token run concurrent', 'first-token --help']))
})

test('the two commands come first', () => {
  const [fence] = /```sh\n[^]*?```/.exec(readme) ?? []
  expect(fence).toMatch(/npm ci && npm run scenario concurrent.*\n.*npm test/)
  expect(readme.slice(0, readme.indexOf(fence ?? '\0')).split('\n').length).toBeLessThan(15)
})

test('every exit code is in the table', () => {
  const rows = readme.split('\n').filter((line) => /^\| [\d, ]+ \|/.test(line)).flatMap((line) => line.split('|')[1]?.split(',').map((code) => Number(code)) ?? [])
  expect(rows).toEqual([0, 1, 2, 3, 4, 5, 70, 130, 143])
})

test('figures, units and spacing are masked', () => {
  expect(masked('starts   3.48 s ✗  7.1 ms ✓  −99.8 %')).toBe(masked('starts  412 ms ✗   7 ms ✓   −98 %'))
  expect(masked('−98 % (−98…−97)\n──────')).toBe(masked('−99.1 % (−99.3…−98.8)\n────'))
})

test('rows, words and their order are not masked', () => {
  const shown = 'starts  3.48 s  PASS\nwaits  97 %  PASS'
  for (const other of ['starts  3.48 s  PASS', 'waits  97 %  PASS\nstarts  3.48 s  PASS', 'starts  3.48 s  FAIL\nwaits  97 %  PASS', 'starts  ~  PASS\nwaits  97 %  PASS', 'starts, p95  3.48 s  PASS\nwaits  97 %  PASS']) {
    expect(masked(other)).not.toBe(masked(shown))
  }
})

test('a block is replaced whole, its markers stay, and a second time nothing changes', () => {
  const text = 'a\n<!-- output: first-token --help -->\n<!-- /output -->\nb\n<!-- output: first-token run x (some/file.json) -->\n```text\nold\n```\n<!-- /output -->\n'
  const once = withOutputs(text, ({ command, document }) => `${command} / ${document ?? 'run'} \`\`\`\n`)
  expect(outputBlocks(once)).toEqual([
    { command: 'first-token --help', document: undefined, output: 'first-token --help / run ```\n' },
    { command: 'first-token run x', document: 'some/file.json', output: 'first-token run x / some/file.json ```\n' },
  ])
  expect(withOutputs(once, ({ output }) => output)).toBe(once)
})

test('a marker that was left open is an error, not an output that is never checked again', () => {
  expect(() => outputBlocks('<!-- output: first-token --help -->\n```text\nx\n```\n')).toThrow('1 output markers make 0 whole blocks')
  expect(() => outputBlocks('<!-- output: first-token --help -->\nno fence\n<!-- /output -->\n')).toThrow('2 output markers make 0 whole blocks')
})
