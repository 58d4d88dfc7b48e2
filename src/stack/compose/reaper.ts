import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { lastLine, pidFile } from './docker.ts'

/**
 * Containers belong to the engine and outlive whoever started them. So a process of its own waits for the end of its standard input, which the kernel
 * closes however we die, and then takes the project down. It is the one way down: to stop the stack is to close that pipe. It writes into a file, because
 * a pipe of ours may be gone by then. A call of ours that is still bringing things up would bring them up behind its back: it is ended first.
 */
const script = `
cat >/dev/null
folder=$1 project=$2
if [ -s "$folder/${pidFile}" ]; then
  pid=$(cat "$folder/${pidFile}")
  kill -s TERM -- "-$pid" 2>/dev/null
  tries=0
  while kill -0 -- "-$pid" 2>/dev/null && [ $tries -lt 40 ]; do sleep 0.25; tries=$((tries + 1)); done
fi
cd /
docker compose --project-name "$project" down --volumes --remove-orphans --timeout 5 >"$folder/down.log" 2>&1 && rm -rf "$folder"
`

export interface Reaper {
  /** Takes the project down, with its volumes and networks. Resolves when nothing of it is left; may be called again. */
  reap(): Promise<void>
}

/** Our containers could not be taken down. Prints as a crash, with the command that does it by hand. */
class ReaperError extends Error {
  constructor(project: string, words: string) {
    super(`the compose project ${project} was not taken down (${words}); once more: first-token stack down compose; by hand: docker compose --project-name ${project} down --volumes --remove-orphans`)
    this.name = 'ReaperError'
  }
}

/** Starts the reaper of a project. It removes `folder`, which is the project's own, when it is done. */
export function startReaper(project: string, folder: string, environment: Readonly<Record<string, string | undefined>>): Reaper {
  const child = spawn('sh', ['-c', script, 'first-token-reaper', folder, project], { env: environment, detached: true, stdio: ['pipe', 'ignore', 'ignore'] })
  child.stdin.on('error', () => {})
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', resolve)
  })
  // Looked at when it is asked to reap.
  ended.catch(() => {})
  return {
    reap: async () => {
      child.stdin.end()
      const status = await ended
      if (status !== 0) throw new ReaperError(project, logged(folder) ?? `exit code ${status}`)
    },
  }
}

function logged(folder: string): string | undefined {
  try {
    return lastLine(readFileSync(path.join(folder, 'down.log'), 'utf8'))
  } catch {
    return undefined
  }
}
