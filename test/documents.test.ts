import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'

const root = join(import.meta.dirname, '..')

function filesBelow(folder: string): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true, recursive: true }).filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
}

const sources = ['src', 'mock-llm', 'scenarios', 'test'].flatMap(filesBelow).filter((file) => file.endsWith('.ts'))
const text = sources.filter((file) => !file.endsWith('.test.ts')).map((file) => readFileSync(file, 'utf8')).join('\n')
const inCode = (document: string): string[] => [...readFileSync(join(root, document), 'utf8').matchAll(/`([^`\n]+)`/g)].map(([, code = '']) => code)

test.each(['docs/architecture.md', 'CONTRIBUTING.md'])('every file and function that %s names is there', (document) => {
  const names = inCode(document)
  const files = names.filter((name) => /^[\w/.-]+\.ts$/.test(name) && name !== 'x.test.ts' && name !== 'x.ts')
  const functions = names.filter((name) => /^[A-Za-z]*[a-z][A-Z][A-Za-z]*(\(\))?$/.test(name)).map((name) => name.replace('()', ''))
  expect(files.length + functions.length).toBeGreaterThan(4)
  expect(files.filter((name) => !sources.some((file) => file.endsWith(`/${name}`)))).toEqual([])
  expect(functions.filter((name) => !new RegExp(`\\b${name}\\b`).test(text))).toEqual([])
})

test.each(['docs/architecture.md', 'CONTRIBUTING.md', 'README.md', 'CHANGELOG.md', 'docs/real-stack.md', 'docs/findings-open-webui.md'])('every file that %s links to is there', (document) => {
  const links = [...readFileSync(join(root, document), 'utf8').matchAll(/\]\((?!https?:|#)([^)#]+)[^)]*\)/g)].map(([, link = '']) => link)
  const missing = links.filter((link) => !existsSync(join(root, document, '..', link)))
  expect(missing).toEqual([])
})

test.each(['docs/real-stack.md', 'docs/findings-open-webui.md', 'docs/for-operators.md'])('every scenario and flag in the commands of %s is there', (document) => {
  const known = new Set(readdirSync(join(root, 'scenarios')).map((file) => file.replace(/\.ts$/, '')))
  const flags = new Set([...readFileSync(join(root, 'src/cli.ts'), 'utf8').matchAll(/'(--[a-z-]+)[ ']/g)].map(([, flag]) => flag))
  const commands = [...readFileSync(join(root, document), 'utf8').matchAll(/first-token (?:run|stack up) ([^`\n#]+)/g)].map(([, words = '']) => words.trim())
  expect(commands.length).toBeGreaterThan(3)
  for (const words of commands) {
    expect([...words.matchAll(/--[a-z-]+/g)].map(([flag]) => flag).filter((flag) => !flags.has(flag)), words).toEqual([])
    const named = (/^([a-z- ]+?)(?= --|$)/.exec(words)?.[1] ?? '').split(' ').filter((word) => word !== '' && word !== 'all')
    expect(named.filter((word) => !known.has(word) && !['open-webui'].includes(word)), words).toEqual([])
  }
})
