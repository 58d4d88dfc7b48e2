import { closeSync, openSync, writeSync } from 'node:fs'
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

  append(record: RunFileRecord): void {
    this.records.push(record)
    writeSync(this.#descriptor, formatRecord(record))
  }

  close(): void {
    closeSync(this.#descriptor)
  }
}
