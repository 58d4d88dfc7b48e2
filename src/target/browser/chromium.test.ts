import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { chromiumPath, whyNoBrowser } from './chromium.ts'

const folder = mkdtempSync(path.join(tmpdir(), 'first-token-chromium-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const program = path.join(folder, 'chromium')
writeFileSync(program, '', { mode: 0o755 })
const text = path.join(folder, 'google-chrome')
writeFileSync(text, '', { mode: 0o644 })

test('the first of its names on PATH that is a program', () => {
  expect(chromiumPath({ PATH: `/nowhere:${folder}` })).toBe(program)
  expect(whyNoBrowser({ PATH: folder })).toBeUndefined()
})

test('the one that was named goes before', () => {
  expect(chromiumPath({ PATH: '/nowhere', FIRST_TOKEN_CHROMIUM: program })).toBe(program)
  expect(chromiumPath({ PATH: folder, FIRST_TOKEN_CHROMIUM: text })).toBeUndefined()
  expect(whyNoBrowser({ PATH: folder, FIRST_TOKEN_CHROMIUM: text })).toBe(`FIRST_TOKEN_CHROMIUM is ${text}, which is no program`)
})

test('where there is none, it says what was looked for', () => {
  expect(whyNoBrowser({ PATH: '/nowhere' })).toMatch(/^there is no Chromium on this machine \(chromium, .*FIRST_TOKEN_CHROMIUM$/)
  expect(whyNoBrowser({})).toMatch(/^there is no Chromium/)
})
