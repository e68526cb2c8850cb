// RudderStack's library for browsers, with its plugins inside: it asks our server for its configuration.
import { RudderAnalytics } from '@rudderstack/analytics-js/bundled'

const begin = ({ key, address }, more) => {
  const one = new RudderAnalytics()
  one.load(key, address, { configUrl: address, logLevel: 'ERROR', ...more })
  return new Promise((resolve) => one.ready(() => resolve(one)))
}
const said = (call) => new Promise((resolve) => call(resolve))

window.speak = async ({ key, address, who, acts }) => {
  const one = await begin({ key, address })
  await said((done) => one.page('shop', 'Start', { path: '/start' }, undefined, done))
  await said((done) => one.identify(who, { ...acts.traits, email: `${who}@example.com` }, undefined, done))
  await said((done) => one.track('Order Completed', acts.order, undefined, done))
  await said((done) => one.track('Something Odd', acts.odd, undefined, done))
  await said((done) => one.group('acme', acts.group, undefined, done))
  await said((done) => one.alias(`${who}-now`, who, undefined, done))
  return one.getAnonymousId()
}

// By the browser's beacon, which carries no headers: the key stands in the address.
window.speakByBeacon = async ({ key, address, who }) => {
  const one = await begin({ key, address }, { useBeacon: true, beaconQueueOptions: { flushQueueInterval: 500 } })
  one.identify(who)
  for (let n = 0; n < 5; n++) one.track('Looked', { n })
}
