// One lane of the detection matrix, as a process of its own: what it measures is not held up while another lane is judged. Its job comes as a message
// and its rows go as one; it ends with the channel, however its parent died.
import { laneJob, measuredRows } from './matrix-lane-run.ts'

const left = new AbortController()
process.once('disconnect', () => left.abort('the doctor is gone'))
process.once('message', (message) => {
  void measuredRows(laneJob.parse(message), left.signal).then((rows) => {
    if (process.connected) process.send?.(rows, () => process.disconnect())
  }, (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`)
    process.exitCode = 1
    if (process.connected) process.disconnect()
  })
})
