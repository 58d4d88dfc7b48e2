import { z } from 'zod'

/** What `docker compose config --format json` says of a service, as far as it matters here. */
const service = z.object({
  image: z.string().optional(),
  environment: z.record(z.string(), z.string().nullable()).default({}),
  deploy: z.object({ resources: z.object({ limits: z.object({ memory: z.coerce.number().optional() }).optional() }).optional() }).optional(),
  healthcheck: z.object({ interval: z.string().optional() }).optional(),
})

const config = z.object({ services: z.record(z.string(), service) })

/** A side as the compose file has it, its variables filled in. */
export interface ComposeSide {
  readonly service: string
  readonly image: string
  readonly environment: Readonly<Record<string, string>>
  /** How much memory it may have, bytes; undefined where it is not limited. */
  readonly memory: number | undefined
  /** How often the engine asks whether it is well, as it is written: `30s`. */
  readonly healthInterval: string | undefined
}

/** Sides of the compose file by the name of their profile; the service of `before` is `open-webui-before`. */
export type ComposeSides = ReadonlyMap<string, ComposeSide>

const prefix = 'open-webui-'

/** @throws where it is not what `docker compose config` prints: a defect of the file or ours. */
export function composeSides(json: string): ComposeSides {
  const { services } = config.parse(JSON.parse(json))
  return new Map(Object.entries(services).filter(([name]) => name.startsWith(prefix)).map(([name, { image = '', environment, deploy, healthcheck }]): [string, ComposeSide] => [name.slice(prefix.length), {
    service: name,
    image,
    environment: Object.fromEntries(Object.entries(environment).map(([variable, value]) => [variable, value ?? ''])),
    memory: deploy?.resources?.limits?.memory,
    healthInterval: healthcheck?.interval,
  }]))
}

/** What differs by side because it has to, or is nobody's business. */
const notSettings = /^CORS_ALLOW_ORIGIN$|SECRET|PASSWORD|_KEY/

/** What makes a side what it is: its limits, and those of its variables that are not the same on all sides. */
export function settingsOf(side: ComposeSide, sides: ComposeSides): Record<string, string> {
  const own = Object.entries(side.environment).filter(([name, value]) => !notSettings.test(name) && [...sides.values()].some((other) => other.environment[name] !== value))
  return {
    image: side.image,
    ...(side.memory === undefined ? {} : { memory: `${Number((side.memory / 2 ** 30).toFixed(2))}G` }),
    ...(side.healthInterval === undefined ? {} : { healthInterval: side.healthInterval }),
    ...Object.fromEntries(own),
  }
}
