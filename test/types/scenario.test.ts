import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'

const root = join(import.meta.dirname, '../..')
const fixture = join(root, 'test/fixtures/types')

interface Told {
  readonly line: number
  readonly text: string
}

function expectedErrors(source: string): Told[] {
  return source.split('\n').flatMap((text, index) => {
    const comment = /\/\/ error: (.+)$/.exec(text)
    return comment?.[1] === undefined ? [] : [{ line: index + 1, text: comment[1] }]
  })
}

/** A diagnostic's further lines, indented, say why; they belong to it. */
function compilerErrors(): Told[] {
  const { stdout } = spawnSync(join(root, 'node_modules/.bin/tsc'), ['--project', fixture, '--pretty', 'false'], { cwd: fixture, encoding: 'utf8' })
  const errors: Told[] = []
  for (const text of stdout.split('\n')) {
    const start = /^refused\.ts\((\d+),\d+\): error (.+)$/.exec(text)
    if (start !== null) errors.push({ line: Number(start[1]), text: start[2] ?? '' })
    else if (text.startsWith(' ')) errors.push({ line: errors.pop()?.line ?? 0, text })
    else if (text !== '') throw new Error(`tsc said: ${text}`)
  }
  return errors
}

test('misspelt labels, phases and claims, and bare numbers for times, are compile errors, each on its line; what is sound compiles', () => {
  const expected = expectedErrors(readFileSync(join(fixture, 'refused.ts'), 'utf8'))
  const found = compilerErrors()
  expect(expected.length).toBeGreaterThan(20)
  expect(found.filter(({ line }) => !expected.some((one) => one.line === line))).toEqual([])
  expect(expected.filter(({ line, text }) => !found.some((one) => one.line === line && one.text.includes(text)))).toEqual([])
})
