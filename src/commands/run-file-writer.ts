import { closeSync, openSync, writeSync } from 'node:fs'
import { UsageError } from '../errors.ts'
import { formatRecord, type RunFileRecord } from '../sample/run-file.ts'

/**
 * Appends records to a run file as things end. Synchronous on purpose: it is called only while nothing is in flight, and what was written
 * before a kill -9 is on disk.
 */
export class RunFileWriter {
  readonly path: string
  readonly #descriptor: number
  readonly records: RunFileRecord[] = []

  /** @throws where the file exists already or cannot be made. */
  constructor(path: string) {
    this.path = path
    this.#descriptor = openSync(path, 'wx')
  }

  /**
   * A line that was written in part stays without its newline: a reader drops it, and what came before is whole.
   * @throws {UsageError} where the disk takes no more.
   */
  append(record: RunFileRecord): void {
    this.records.push(record)
    const line = Buffer.from(formatRecord(record))
    try {
      for (let from = 0; from < line.length;) from += writeSync(this.#descriptor, line, from)
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? String(error.code) : String(error)
      throw new UsageError({ what: `The run file ${this.path} cannot be written any more (${code}).`, fix: 'Make room there, or name another folder with --out; what was written so far can be reported.' })
    }
  }

  close(): void {
    closeSync(this.#descriptor)
  }
}
