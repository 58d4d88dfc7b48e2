import { Gateway } from '../gateway.ts'
import { settingsOf } from '../settings.ts'
import { RawClient } from './raw-client.ts'
import { type ModelRequest, ScriptedModel, until } from './scripted-model.ts'

/** A gateway in this process, with a scripted model behind it and raw clients in front. */
export interface Bench {
  readonly model: ScriptedModel
  readonly url: string
  readonly client: () => RawClient
  /** After two answers that need no slot, everything written before has been read. */
  readonly settled: () => Promise<void>
  readonly remove: () => Promise<void>
}

/** @param onChat what the model does with a request at once; without it the test answers by hand. */
export async function startBench(sets: readonly string[], onChat?: (chat: ModelRequest) => void): Promise<Bench> {
  const model = await ScriptedModel.start(onChat)
  const gateway = new Gateway(model.url, settingsOf(undefined, sets))
  const port = await gateway.listen(0, '127.0.0.1')
  const clients: RawClient[] = []
  const client = (): RawClient => {
    const made = new RawClient(port)
    clients.push(made)
    return made
  }
  const settled = async (): Promise<void> => {
    for (let time = 0; time < 2; time += 1) {
      const one = client().get('/health')
      await until('/health answers', () => one.text.includes('{"status":true}'))
    }
  }
  const remove = async (): Promise<void> => {
    for (const one of clients) one.leave()
    await gateway.close()
    model.stop()
  }
  return { model, url: `http://127.0.0.1:${port}`, client, settled, remove }
}
