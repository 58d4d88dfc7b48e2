import { spawn } from 'node:child_process'
import { exitCodes } from '../errors.ts'
import { processFiles } from './package-files.ts'

/** `first-token mock …`: our mock model in the foreground; its flags are its own (`first-token mock --help`). Returns its exit code. */
export function mock(args: readonly string[]): Promise<number> {
  return new Promise((resolve, reject) => {
    // Its standard input is a pipe from us that says nothing: however we die, the kernel closes it, and the mock ends.
    const child = spawn(process.execPath, [processFiles().mock, ...args, '--exit-with-parent'], { stdio: ['pipe', 'inherit', 'inherit'] })
    const pass = (signal: NodeJS.Signals): void => { child.kill(signal) }
    process.on('SIGINT', pass)
    process.on('SIGTERM', pass)
    child.on('error', reject)
    child.on('exit', (code) => resolve(code ?? exitCodes.terminated))
  })
}
