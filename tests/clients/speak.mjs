// Makes one of the Node libraries say everything it can say, at moments of its own, and ends when all of it was answered.
// node speak.mjs LIBRARY KEY ADDRESS WHO  <acts as JSON
import { readFileSync } from 'node:fs'

const [, , library, key, address, who] = process.argv
const acts = JSON.parse(readFileSync(0, 'utf8'))
const at = (place) => new Date(acts.times[place])

function complain(error) {
  console.error(error)
  process.exitCode = 1
}

async function client() {
  if (library === 'rudder') {
    const { default: RudderAnalytics } = await import('@rudderstack/rudder-sdk-node')
    return new RudderAnalytics(key, { dataPlaneUrl: address, errorHandler: complain, logLevel: 'error' })
  }
  const from = { segment: '@segment/analytics-node', customerio: '@customerio/cdp-analytics-node' }[library]
  const { Analytics } = await import(from)
  const one = new Analytics({ writeKey: key, host: address, flushInterval: 200 })
  one.on('error', complain)
  return one
}

const one = await client()
one.identify({ userId: who, traits: { ...acts.traits, email: `${who}@example.com` }, timestamp: at(0) })
one.track({ userId: who, event: 'Order Completed', properties: acts.order, timestamp: at(1) })
one.track({ userId: who, event: 'Something Odd', properties: acts.odd, timestamp: at(2) })
one.page({ userId: who, name: 'Start', properties: { path: '/start' }, timestamp: at(3) })
one.screen({ userId: who, name: 'Basket', properties: { items: 2 }, timestamp: at(4) })
one.group({ userId: who, groupId: 'acme', traits: acts.group, timestamp: at(5) })
one.alias({ userId: who, previousId: `${who}-before`, timestamp: at(6) })
await (library === 'rudder' ? one.flush() : one.closeAndFlush())
