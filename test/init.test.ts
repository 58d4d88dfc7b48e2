import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, expect, test } from 'vitest'

const cli = path.resolve(import.meta.dirname, '../dist/cli.js')
const scratch = mkdtempSync(path.join(tmpdir(), 'first-token-init-cli-'))
afterAll(() => rmSync(scratch, { recursive: true, force: true }))

const firstToken = (...args: string[]): { status: number | null; stdout: string; stderr: string } =>
  spawnSync(process.execPath, [cli, ...args], { cwd: scratch, env: { PATH: process.env['PATH'] ?? '', HOME: scratch }, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })

test('the help of init fits 80 columns and names every flag', () => {
  const { status, stdout } = firstToken('init', '--help')
  expect(status).toBe(0)
  expect(stdout.split('\n').filter((line) => line.length > 80)).toEqual([])
  for (const flag of ['--url', '--kind', '--model', '--token-env', '--allow-host', '--out', '--yes', '--force']) expect(stdout).toContain(`  ${flag}`)
})

test('without a terminal and without an address init is exit 2, says which flags are missing and writes nothing', () => {
  const { status, stdout, stderr } = firstToken('init', '--kind', 'ollama')
  expect([status, stdout]).toEqual([2, ''])
  expect(stderr).toMatch(/--url is missing[^]*--model, --token-env/)
  expect(readdirSync(scratch)).toEqual([])
})

test('with flags init writes the file and prints the next commands', () => {
  const { status, stdout } = firstToken('init', '--url', 'http://127.0.0.1:9', '--kind', 'open-webui', '--model', 'llama3', '--token-env', 'ASTRA_TOKEN', '--yes')
  expect(status).toBe(0)
  expect(JSON.parse(readFileSync(path.join(scratch, 'first-token.json'), 'utf8'))).toEqual({ target: { kind: 'open-webui', url: 'http://127.0.0.1:9' }, model: 'llama3', tokenEnv: 'ASTRA_TOKEN' })
  expect(stdout).toMatch(/read -rs ASTRA_TOKEN[^]*\n {2}npx first-token run all --label before\n[^]*\n {2}npx first-token run all --label after --against before\n/)
})
