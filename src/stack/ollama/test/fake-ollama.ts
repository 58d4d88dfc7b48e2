import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'

/** A program that behaves like `ollama` as far as starting it goes, and the folder in which it writes down what it was asked. */
export interface FakeOllama {
  readonly program: string
  readonly folder: string
  remove(): Promise<void>
}

/** `serve`: what it does instead of serving. `tokens`: how many it tells instead of what it is asked for. */
export async function fakeOllama({ serve = '', tokens = 'asked' }: { readonly serve?: string; readonly tokens?: string } = {}): Promise<FakeOllama> {
  const folder = await mkdtemp(path.join(tmpdir(), 'first-token-fake-ollama-'))
  const program = path.join(folder, 'ollama')
  await writeFile(program, `#!${process.execPath}
    const fs = require('node:fs')
    const write = (name, value) => fs.appendFileSync(${JSON.stringify(folder)} + '/' + name, JSON.stringify(value) + '\\n')
    if (process.argv[2] === 'create') {
      write('create', { args: process.argv.slice(3), host: process.env.OLLAMA_HOST, modelfile: fs.readFileSync('Modelfile', 'utf8'), magic: fs.readFileSync('model.gguf').subarray(0, 4).toString() })
      process.exit(0)
    }
    write('serve', { environment: process.env, pid: process.pid, cwd: process.cwd() })
    ${serve}
    const server = require('node:http').createServer(async (request, response) => {
      let body = ''
      for await (const piece of request) body += piece
      if (request.url === '/api/version') return response.end('{"version":"0.6.5"}')
      const asked = JSON.parse(body).options.num_predict
      console.error('msg="starting llama server" cmd="ollama runner --model x --ctx-size 32768 --batch-size 512 --threads 1 --parallel ' + process.env.OLLAMA_NUM_PARALLEL + ' --port 1"')
      response.end(JSON.stringify({ done: true, eval_count: ${tokens}, eval_duration: asked * 4e6 }))
    }).listen(0, '127.0.0.1', () => console.error('msg="Listening on 127.0.0.1:' + server.address().port + ' (version 0.6.5)"'))
  `)
  await chmod(program, 0o755)
  return { program, folder, remove: () => rm(folder, { recursive: true, force: true }) }
}
