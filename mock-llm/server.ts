import { createServer, type Server } from 'node:http'
import type { Socket } from 'node:net'
import type { Model } from './chat.ts'
import { Connection } from './connection.ts'
import { invalid } from './dialect/dialect.ts'
import { errorBody } from './dialect/openai.ts'
import { FaultCounts } from './fault.ts'
import { Journal } from './journal.ts'
import { Lateness } from './lateness.ts'
import { Metrics } from './metrics.ts'
import { router } from './routes.ts'
import { Schedule } from './schedule.ts'
import { defaultModels, defaultSettings, type Settings } from './settings.ts'
import { Slots } from './slots.ts'

export interface MockOptions {
  readonly settings?: Settings
  readonly models?: readonly string[]
  /** Largest request body. Default 16 MiB: a prompt with pictures. */
  readonly bodyLimit?: number
  /** Origin of a real Ollama: whatever is asked below /api is passed on to it. */
  readonly behind?: string
}

/** A mock that does not listen yet. Closing it ends open answers too. */
export interface Mock {
  readonly server: Server
  close(): Promise<void>
}

/** The mock model's HTTP server. It keeps idle connections for as long as their clients like: a server that closes them would be noise in what is measured. */
export function createMock({ settings = defaultSettings, models = defaultModels, bodyLimit = 16 * 2 ** 20, behind }: MockOptions = {}): Mock {
  const model: Model = {
    settings,
    names: models,
    bodyLimit,
    schedule: new Schedule(),
    slots: new Slots(settings.slots, settings.queue),
    journal: new Journal(),
    lateness: new Lateness(),
    metrics: new Metrics(),
    faultCounts: new FaultCounts(),
    answersWithoutMarker: 0,
  }
  const route = router(model, behind)
  const connections = new WeakMap<Socket, Connection>()
  const server = createServer({ noDelay: true, keepAliveTimeout: 0, headersTimeout: 0, requestTimeout: 0 })
  server.on('connection', (socket) => connections.set(socket, new Connection(socket, model.journal.accept())))
  server.on('request', (request, response) => connections.get(request.socket)?.begin(request, response, route))
  server.on('clientError', (_error, socket) => {
    if (!socket.writable) return void socket.destroy()
    const body = errorBody(invalid('The request is not HTTP.'))
    socket.end(`HTTP/1.1 400 Bad Request\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`)
  })
  const close = (): Promise<void> => new Promise((resolve) => {
    model.lateness.stop()
    server.close(() => resolve())
    server.closeAllConnections()
  })
  return { server, close }
}
