import { profileEnvironment } from '../../src/stack/profiles.ts'
import { sideEnvironment } from '../../src/stack/open-webui/environment.ts'
import type { Project } from './project.ts'

type Service = Project['services'][string]

const sides = ['before', 'after', 'recommended'] as const
type Side = (typeof sides)[number]

/** What the operators gave their server before and after, and how often it is asked whether it is well. `recommended` is `after` but for its settings. */
const limits: Readonly<Record<Side, { readonly gigabytes: number; readonly interval: string }>> = {
  before: { gigabytes: 4, interval: '30s' },
  after: { gigabytes: 7, interval: '60s' },
  recommended: { gigabytes: 7, interval: '60s' },
}

/** Where a service listens inside its container. */
const targets: Readonly<Record<string, number>> = { 'mock-llm': 9100, 'open-webui-before': 8080, 'open-webui-after': 8080, 'open-webui-recommended': 8080, searxng: 8080, ollama: 11_434, toxiproxy: 8474 }

const services = [...Object.keys(targets), 'redis', 'harness']

/** Set by hand to have a real model behind the sides; the native stack has a flag for it. */
const onlyInContainers = ['OLLAMA_BASE_URLS']
/** What a process inherits and a container has of itself. */
const onlyNative = ['PATH', 'HOME', 'LANG', 'PYTHONUNBUFFERED']

/** What of the compose file is not as it has to be, a sentence each; none where all is well. */
export function problemsOf({ services: found }: Project): string[] {
  return [
    ...services.filter((name) => found[name] === undefined).map((name) => `there is no service ${name}`),
    ...Object.entries(found).flatMap(([name, service]) => [...imageProblems(name, service), ...portProblems(name, service), ...dependencyProblems(name, service, found), ...healthProblems(name, service)]),
    ...sides.flatMap((side) => {
      const service = found[`open-webui-${side}`]
      return service === undefined ? [] : sideProblems(side, service)
    }),
  ]
}

function imageProblems(name: string, { image = '' }: Service): string[] {
  return /:v?\d+\.\d+\.\d+[\w.-]*$/.test(image) ? [] : [`${name}: the image ${image} is not pinned to a version`]
}

function portProblems(name: string, { ports = [] }: Service): string[] {
  return ports.flatMap(({ host_ip: host, target, published }) => [
    ...(host === '127.0.0.1' ? [] : [`${name}: port ${published ?? target} is open to others than this machine`]),
    ...(target === targets[name] ? [] : [`${name}: it listens on ${targets[name] ?? 'no port'}, and ${target} is published`]),
  ]).concat(name in targets && ports.length === 0 ? [`${name}: no port is published`] : [])
}

function dependencyProblems(name: string, { depends_on: dependencies = {} }: Service, found: Project['services']): string[] {
  return Object.entries(dependencies).flatMap(([other, { condition }]) => [
    ...(found[other] === undefined ? [`${name} depends on ${other}, which is not there`] : []),
    ...(condition === 'service_healthy' ? [] : [`${name} waits for ${other} to be started, not to be well`]),
  ])
}

function healthProblems(name: string, { healthcheck }: Service): string[] {
  if (name === 'harness') return healthcheck?.disable === true ? [] : ['harness: a job has no health']
  return (healthcheck?.test ?? []).length > 1 ? [] : [`${name}: nobody asks whether it is well`]
}

function sideProblems(side: Side, { environment = {}, deploy, healthcheck }: Service): string[] {
  const name = `open-webui-${side}`
  const wanted = nativeEnvironment(side, environment)
  const gigabytes = Number(deploy?.resources?.limits?.memory ?? Infinity) / 2 ** 30
  return [
    ...Object.entries(wanted).filter(([variable, value]) => environment[variable] !== value).map(([variable, value]) => `${name}: ${variable} is ${environment[variable] ?? 'not set'}, and the native profile has ${value}`),
    ...Object.keys(environment).filter((variable) => !(variable in wanted) && !onlyInContainers.includes(variable)).map((variable) => `${name}: the native profile does not set ${variable}`),
    ...(gigabytes === limits[side].gigabytes ? [] : [`${name}: it may take ${gigabytes} GB of memory, and the operators gave it ${limits[side].gigabytes}`]),
    ...(seconds(healthcheck?.interval) === seconds(limits[side].interval) ? [] : [`${name}: it is asked every ${healthcheck?.interval ?? '30s'} whether it is well, and by the operators every ${limits[side].interval}`]),
  ]
}

/** The same side started natively, with the addresses of containers. */
function nativeEnvironment(side: Side, { WEBUI_SECRET_KEY: secretKey, WEBUI_ADMIN_EMAIL: email, WEBUI_ADMIN_PASSWORD: password, CORS_ALLOW_ORIGIN: origins }: Readonly<Record<string, string | null>>): Record<string, string> {
  const mock = 'http://mock-llm:9100'
  const native = sideEnvironment({
    port: Number(/^http:\/\/127\.0\.0\.1:(\d+);/.exec(origins ?? '')?.[1]), dataFolder: '/app/backend/data', secretKey: secretKey ?? '', admin: { email: email ?? '', password: password ?? '' },
    model: { kind: 'mock', url: mock, model: 'mock', taskModel: 'mock-task' }, searchUrl: mock, redisUrl: side === 'recommended' ? 'redis://redis:6379/0' : undefined, settings: profileEnvironment(side),
  }, '')
  return Object.fromEntries(Object.entries(native).filter(([variable]) => !onlyNative.includes(variable)))
}

/** `60s` and `1m0s` are one. */
function seconds(interval: string | undefined): number {
  const [, minutes = '0', rest = '0'] = /^(?:(\d+)m)?(?:(\d+)s)?$/.exec(interval ?? '') ?? []
  return Number(minutes) * 60 + Number(rest)
}
