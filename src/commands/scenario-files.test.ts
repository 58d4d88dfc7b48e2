import path from 'node:path'
import { expect, test } from 'vitest'
import { scenarioFiles } from './scenario-files.ts'

const named = (asked: readonly string[], stack?: string): string[] => scenarioFiles(asked, stack).map((file) => path.basename(file, '.ts'))

test.each([[undefined, false], ['ollama', false], ['control', false], ['open-webui', true], ['compose', true]])('all on --stack %s asks what several workers do to pages: %s', (stack, isAsked) => {
  expect(named(['all'], stack).includes('multi-worker')).toBe(isAsked)
  expect(named(['all'], stack).slice(0, 2)).toEqual(['simple-chat', 'web-search'])
})

test('what is named besides all is asked once; what is named twice is there twice, and refused later', () => {
  expect(named(['all', 'multi-worker'], 'open-webui').filter((name) => name === 'multi-worker')).toHaveLength(1)
  expect(named(['concurrent', 'concurrent'])).toEqual(['concurrent', 'concurrent'])
})

test('every name that there is not is told', () => {
  expect(() => scenarioFiles(['concurent', './no-file.ts'])).toThrow(/There is no scenario "concurent"[^]*Did you mean concurrent[^]*no scenario file \.\/no-file\.ts/)
})
