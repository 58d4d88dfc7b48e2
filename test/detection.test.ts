import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { expect, test } from 'vitest'
import { z } from 'zod'

const cli = path.resolve(import.meta.dirname, '../dist/cli.js')
const matrix = z.object({ rows: z.array(z.object({ defect: z.string(), right: z.boolean(), wrong: z.array(z.string()), claims: z.array(z.object({ claim: z.string(), verdict: z.string() })) })) })

// The whole matrix is a suite of its own; these rows are told apart within seconds.
test('a stack that answers fewer than four at a time is found, however it comes about, and a sound one is not', { timeout: 120_000 }, async () => {
  const out = mkdtempSync(path.join(tmpdir(), 'first-token-matrix-'))
  const stdout = await new Promise<string>((resolve, reject) => {
    execFile(process.execPath, [cli, 'doctor', '--self', '--scenario', 'capacity', '--row', 'none', '--row', 'slots=1', '--row', 'slots=3', '--json', '--out', out], (error, text, told) => (text === '' ? reject(error ?? new Error(told)) : resolve(text)))
  })
  rmSync(out, { recursive: true, force: true })
  const { rows } = matrix.parse(JSON.parse(stdout))
  expect(rows.filter(({ right }) => !right).map(({ defect, wrong }) => `${defect}: ${wrong.join(', ')}`)).toEqual([])
  expect(rows.length).toBe(3)
  const verdict = (defect: string): string | undefined => rows.find((row) => row.defect === defect)?.claims.find(({ claim }) => claim === 'four people are answered at once')?.verdict
  expect(['none', 'slots=1', 'slots=3'].map(verdict)).toEqual(['pass', 'fail', 'fail'])
})
